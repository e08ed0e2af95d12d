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
  watch({ online, offline, hide, show }) {
    const { document } = globalThis
    const listeners = [
      [globalThis, 'online', online],
      [globalThis, 'offline', offline],
      [document, 'visibilitychange', () => (document.hidden ? hide() : show())],
    ] as const
    for (const [target, type, listener] of listeners) target?.addEventListener?.(type, listener)
    return () => {
      for (const [target, type, listener] of listeners) target?.removeEventListener?.(type, listener)
    }
  },
}
