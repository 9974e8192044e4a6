import { execFileSync } from 'node:child_process';
import { platform } from 'node:os';

/** Whether this user may mount a disk of its own. */
export function canMount(): boolean {
  if (platform() !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'mlrb-test', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Why tests that mount a disk cannot run here; undefined where they can. */
export const mountLack: string | undefined = canMount() ? undefined : 'this user may not mount a disk';

/** Name of a group of tests, with what is missing where they are skipped. */
export function needsMount(name: string): string {
  return mountLack === undefined ? name : `${name} (skipped: ${mountLack})`;
}

/** Mounts a disk of that many megabytes on a folder, until it is disposed. */
export function smallDisk(folder: string, megabytes: number): Disposable {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'mlrb-test', folder]);
  return { [Symbol.dispose]: () => void execFileSync('umount', ['--lazy', folder]) };
}

/** Writes a file until nothing more goes onto its disk. */
export function fillDisk(file: string): void {
  execFileSync('bash', ['-c', 'cat /dev/zero > "$1" || true', 'fill', file], { stdio: 'ignore' });
}
