import { readFileSync } from 'node:fs';

/** Seconds of the clock that only goes forward, and that on Linux all processes of a host share until it is started anew. */
export function monotonicSeconds(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

/** What tells one start of the host from another; null where the system does not say. */
export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || null;
  } catch {
    return null;
  }
}
