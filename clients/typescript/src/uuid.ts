/** A UUIDv7: sorts by the time it was made, and needs nobody's permission. The id of an optimistic row. */
export function uuid7(now: number = Date.now()): string {
  if (!globalThis.crypto?.getRandomValues) {
    throw new Error('tidewire needs crypto.getRandomValues: on React Native, import "react-native-get-random-values" first')
  }
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16))
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) & 255
  bytes[6] = (bytes[6]! & 15) | 0x70
  bytes[8] = (bytes[8]! & 63) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
