import { readFile } from 'node:fs/promises';

const PAGE_BYTES = 4096;

/** Main memory that a process holds, in bytes; undefined where the system has no /proc, or the process has ended. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const [, resident = ''] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
    return Number(resident) * PAGE_BYTES;
  } catch {
    return undefined;
  }
}
