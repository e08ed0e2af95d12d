// Of Android and of the app, as much as the page uses.

import org.json.JSONObject

interface LifecycleOwner

interface DefaultLifecycleObserver {
    fun onStart(owner: LifecycleOwner) {}
    fun onStop(owner: LifecycleOwner) {}
}

class Page(val results: List<Message>)

interface Api {
    fun token(done: (String) -> Unit, failed: (Throwable) -> Unit)
    fun messages(room: String, done: (Page) -> Unit)
}

class Message(val id: String, val version: Int) {
    companion object {
        fun from(event: JSONObject): Message? = event.optJSONObject("data")?.let { Message(it.getString("id"), it.optInt("version")) }
    }
}
