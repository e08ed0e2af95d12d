"""Makes, changes and deletes a room with nothing but the generated client: `python crud.py URL KEY`.

The generator's own Python runs it, beside the package `generated`.
"""

import sys
from uuid import uuid4

from generated import AuthenticatedClient
from generated.api.messages import messages_batch, messages_create, messages_list
from generated.api.rooms import rooms_create, rooms_destroy, rooms_list, rooms_retrieve, rooms_update
from generated.models import MessageCreateRequest, PatchedRoomUpdateRequest, Problem, RoomCreateRequest

url, key = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=key)

retry = str(uuid4())
made = rooms_create.sync_detailed(client=client, body=RoomCreateRequest(name="Harbour"), idempotency_key=retry)
again = rooms_create.sync_detailed(client=client, body=RoomCreateRequest(name="Harbour"), idempotency_key=retry)
room = made.parsed
assert (made.status_code, room.name, room.version, room.me.role.value) == (201, "Harbour", 1, "owner")
assert (again.parsed.id, again.headers["Idempotency-Replayed"]) == (room.id, "true")

page = rooms_list.sync(client=client)
assert [each.id for each in page.results] == [room.id]
assert page.stream.channel.startswith("user:")

change = PatchedRoomUpdateRequest(name="Old harbour")
renamed = rooms_update.sync_detailed(room.id, client=client, body=change, if_match='"1"')
assert (renamed.parsed.name, renamed.headers["ETag"]) == ("Old harbour", '"2"')
refused = rooms_update.sync_detailed(room.id, client=client, body=change, if_match='"1"')
assert (refused.status_code, isinstance(refused.parsed, Problem)) == (412, True)
assert refused.parsed.code == "version_mismatch"

said = messages_create.sync(room.id, client=client, body=MessageCreateRequest(text="Good morning!"))
more = messages_batch.sync(room.id, client=client, body=[MessageCreateRequest(text=f"Line {n}") for n in range(3)])
listed = messages_list.sync(room.id, client=client, limit=2)
assert [message.id for message in listed.results] == [more[2].id, more[1].id]
assert said.text == "Good morning!"

assert rooms_destroy.sync_detailed(room.id, client=client).status_code == 204
gone = rooms_retrieve.sync_detailed(room.id, client=client)
assert (gone.status_code, gone.parsed.code) == (404, "not_found")
print("whole")
