import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

const PROGRAM = `
import mmap, sys
sys.path.insert(0, sys.argv[1])
from limits import limit_resources
limit_resources(2 * 10**9, 10**9, sys.argv[2])
def can(task):
    try:
        task()
        return True
    except (MemoryError, OSError):
        return False
reserve = lambda: mmap.mmap(-1, 300 * 10**9, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0)
print(can(reserve), can(lambda: bytearray(10**9)), can(lambda: bytearray(3 * 10**9)))
`;

/** Whether a scorer with 2 GB may reserve 300 GB of addresses, as CUDA does, and fill 1 and 3 GB. */
function allowed(device: string): string {
  const scorer = join(PACKAGE_ROOT, 'docker', 'eval');
  const { stdout, stderr } = spawnSync(inject('python'), ['-I', '-B', '-c', PROGRAM, scorer, device], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.trim();
}

test.runIf(process.platform === 'linux')(
  'a scorer on a GPU may reserve addresses, and fill no more memory than one on the processor',
  () => {
    expect(allowed('cpu')).toBe('False True False');
    expect(allowed('cuda:0')).toBe('True True False');
  },
);
