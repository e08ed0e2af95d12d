import type { ListStatus } from './follower.js'
import type { Store } from './store.js'

/** `await ready(client.list(…))`: resolves when the data has been read or was refused. For scripts without a screen. */
export const ready = <State extends { readonly status: ListStatus }>(store: Store<State>): Promise<State> =>
  new Promise((resolve) => {
    const check = () => {
      const state = store.get()
      if (state.status === 'loading') return
      queueMicrotask(() => leave())
      resolve(state)
    }
    const leave = store.subscribe(check)
    check()
  })
