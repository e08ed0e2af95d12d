/** Events of the environment. The default is a browser's page; `tidewire/react-native` has the adapter for phones. */
export interface LifecycleEvents {
  online(): void
  offline(): void
  /** Timers may stop from here on. */
  hide(): void
  show(): void
  /** A phone app goes to the background: close the socket now, because no code runs later. */
  pause(): void
  resume(): void
}

export interface Lifecycle {
  isOnline(): boolean
  /** Listens to these events. Returns a function that stops this. */
  watch(events: LifecycleEvents): () => void
}

/** A browser's page: network and visibility. Without a page (Node) there are no events. */
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
