import { randomUUID } from 'node:crypto';

/** Hexadecimal digits, at most 12, for names that must differ. (Node keeps random bytes for UUIDs in store; `randomBytes` asks for each.) */
export function randomHex(digits: number): string {
  return randomUUID().replace('-', '').slice(0, digits);
}
