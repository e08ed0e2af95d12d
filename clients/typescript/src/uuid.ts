/** Returns a UUIDv7, which sorts by its time of creation: the id of an optimistic row. */
export function uuid7(now: number = Date.now()): string {
  const { crypto } = globalThis
  if (!crypto?.getRandomValues) throw new Error('tidewire needs crypto.getRandomValues: import "react-native-get-random-values" first')
  const bytes = crypto.getRandomValues(new Uint8Array(36))
  const time = Math.floor(now).toString(16).padStart(12, '0')
  // r: any digit; v: one of the variant's four.
  return `${time.slice(0, 8)}-${time.slice(8)}-7rrr-vrrr-rrrrrrrrrrrr`.replace(/[rv]/g, (letter, i: number) =>
    (letter === 'r' ? bytes[i]! & 15 : (bytes[i]! & 3) | 8).toString(16),
  )
}
