import type { Lifecycle } from './lifecycle.js'

interface Subscription {
  remove(): void
}

/** The part of React Native's `AppState` that is used. */
export interface AppStateLike {
  readonly currentState: string | null
  addEventListener(type: 'change', listener: (state: string) => void): Subscription
}

/** The part of `@react-native-community/netinfo` that is used. */
export interface NetInfoLike {
  addEventListener(listener: (state: { isConnected: boolean | null }) => void): () => void
}

/**
 * The lifecycle of a phone app: the socket closes when the app goes to the background (synchronously, because timers do not
 * run there). In the foreground the client reconnects with its position.
 *
 *     createClient({ url, auth, lifecycle: reactNative(AppState, NetInfo) })
 */
export function reactNative(appState: AppStateLike, netInfo?: NetInfoLike): Lifecycle {
  let isOnline = true
  return {
    isOnline: () => isOnline,
    watch(events) {
      const app = appState.addEventListener('change', (state) => {
        if (state === 'background') events.pause()
        else if (state === 'active') events.resume()
      })
      const stopNet = netInfo?.addEventListener((state) => {
        const was = isOnline
        isOnline = state.isConnected !== false
        if (was !== isOnline) isOnline ? events.online() : events.offline()
      })
      return () => {
        app.remove()
        stopNet?.()
      }
    },
  }
}
