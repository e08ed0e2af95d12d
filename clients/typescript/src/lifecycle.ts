/** What the place we run in tells us. A browser's page is the default; `tidewire/react-native` has the phone's. */
export interface LifecycleEvents {
  online(): void
  offline(): void
  /** Timers may stop from here on. */
  hide(): void
  show(): void
  /** The sockets of a phone in the background are dead weight: close now, because nothing runs later. */
  pause(): void
  resume(): void
}

export interface Lifecycle {
  isOnline(): boolean
  /** Returns how to stop watching. */
  watch(events: LifecycleEvents): () => void
}

/** The page: network and visibility. Where there is none (Node), it says nothing. */
export const browser: Lifecycle = {
  isOnline: () => globalThis.navigator?.onLine !== false,
  watch(events) {
    const { document } = globalThis
    const target: EventTarget | null = typeof globalThis.addEventListener === 'function' ? globalThis : null
    const onVisibility = () => (document.visibilityState === 'hidden' ? events.hide() : events.show())
    target?.addEventListener('online', events.online)
    target?.addEventListener('offline', events.offline)
    document?.addEventListener('visibilitychange', onVisibility)
    return () => {
      target?.removeEventListener('online', events.online)
      target?.removeEventListener('offline', events.offline)
      document?.removeEventListener('visibilitychange', onVisibility)
    }
  },
}
