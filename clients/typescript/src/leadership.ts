/** Which one of several tabs does what only one of them should do. */
export interface Leadership {
  isLeading(): boolean
  /** Lets another tab lead. */
  resign(): void
}

/** How long a tab without Web Locks leads on, after it has closed or fell asleep; and how often it says that it is there. */
const LEASE = 5_000
const RENEWAL = 2_000

/**
 * Leads as soon as no other tab of this origin does. With Web Locks, the browser lets the next tab lead when this one closes.
 * Without them, a lease in localStorage decides, and two tabs may lead for a moment. Outside of a page, it leads at once.
 */
export function leadership(name: string, began: () => void): Leadership {
  const { document, navigator } = globalThis
  const lead = navigator?.locks && document ? byLock : document && globalThis.localStorage ? byLease : alone
  return lead(name, began)
}

function byLock(name: string, began: () => void): Leadership {
  let isLeading = false
  const abort = new AbortController()
  const hold = () =>
    new Promise<void>((resolve) => {
      isLeading = !abort.signal.aborted
      if (!isLeading) return resolve()
      abort.signal.addEventListener('abort', () => resolve())
      began()
    })
  navigator.locks.request(name, { signal: abort.signal }, hold).catch(() => undefined)
  return {
    isLeading: () => isLeading,
    resign() {
      isLeading = false
      abort.abort()
    },
  }
}

function byLease(name: string, began: () => void): Leadership {
  const me = String(Math.random())
  let isLeading = false
  const renew = () => {
    const [holder, until] = (localStorage.getItem(name) ?? '').split(' ')
    const was = isLeading
    isLeading = holder === me || !(Number(until) > Date.now())
    if (isLeading) localStorage.setItem(name, `${me} ${Date.now() + LEASE}`)
    if (isLeading && !was) began()
  }
  const timer = setInterval(renew, RENEWAL)
  renew()
  return {
    isLeading: () => isLeading,
    resign() {
      clearInterval(timer)
      if (isLeading) localStorage.removeItem(name)
      isLeading = false
    },
  }
}

function alone(_: string, began: () => void): Leadership {
  let isLeading = false
  let hasResigned = false
  queueMicrotask(() => {
    if (hasResigned) return
    isLeading = true
    began()
  })
  return {
    isLeading: () => isLeading,
    resign() {
      hasResigned = true
      isLeading = false
    },
  }
}
