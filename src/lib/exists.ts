import { stat } from 'node:fs/promises';

/** Whether something is at the path, and can be reached. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
