import { chmod } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { agentUser } from '../../sandbox/docker/agent-user.js';
import { startContained } from '../../sandbox/docker/contained-process.js';
import { DockerEngine } from '../../sandbox/docker/docker-engine.js';
import { HOME_LABEL, homeLabel, SCORER_LABEL } from '../../sandbox/docker/run-container.js';
import type { LeanLimits } from './local-lean.js';
import {
  type LeanJob,
  type LeanRun,
  leanArguments,
  OUTPUT_CHARS,
  type RunLean,
  writeLibraryPath,
} from './run-lean.js';

export interface DockerLeanOptions extends LeanLimits {
  /** Path of the engine's socket. */
  readonly socket: string;
  /** An image that has `lean` and compiled mathlib. */
  readonly image: string;
  /** Folders with compiled libraries inside, split at colons; empty: those that its Lean knows. */
  readonly path: string;
  readonly home: string;
}

const INSIDE = '/check';
/** Beyond what Lean counts itself. */
const MEMORY_MARGIN_BYTES = 1e9;
const TMP_BYTES = 1e9;

/** Lean in a container for one script: no network, a read-only image, the script read-only, another user than root, no capability. */
export function dockerLean(options: DockerLeanOptions): RunLean {
  const { socket, image, path, home, memoryMb, timeLimitS } = options;
  const run = async ({ folder, file, signal }: LeanJob): Promise<LeanRun> => {
    signal.throwIfAborted();
    await chmod(folder, 0o755);
    await writeLibraryPath(folder, path);
    const contained = await startContained(
      new DockerEngine(socket),
      {
        image,
        argv: [
          'sh',
          '-c',
          // What the image sets takes the place of the file that names the folders.
          `cd ${INSIDE} && LEAN_PATH="\${LEAN_PATH:+$LEAN_PATH:${INSIDE}}" && [ -n "$LEAN_PATH" ] || unset LEAN_PATH; exec "$@" 2>/dev/null </dev/null`,
          'sh',
          'lean',
          ...leanArguments(file, memoryMb),
        ],
        environment: { LANG: 'C.UTF-8', HOME: '/tmp' },
        user: agentUser(),
        labels: { [HOME_LABEL]: homeLabel(home), [SCORER_LABEL]: String(process.pid) },
        mounts: [[folder, INSIDE, 'read']],
        memoryFolders: { '/tmp': TMP_BYTES },
        memoryBytes: memoryMb * 1e6 + MEMORY_MARGIN_BYTES,
        diskBytes: TMP_BYTES,
        deviceRequests: [],
      },
      '',
    );
    const timeLimit = AbortSignal.timeout(timeLimitS * 1000);
    const stop = AbortSignal.any([signal, timeLimit]);
    stop.addEventListener('abort', contained.kill, { once: true });
    try {
      const output = await readSome(contained.stdout);
      const { exitCode } = await contained.ended.catch(() => ({ exitCode: undefined }));
      signal.throwIfAborted();
      return { exitCode: exitCode ?? null, output, isOutOfTime: timeLimit.aborted };
    } finally {
      stop.removeEventListener('abort', contained.kill);
      contained.kill();
    }
  };
  return Object.assign(run, { version: JSON.stringify([image, path, memoryMb, timeLimitS]) });
}

async function readSome(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) if (text.length < OUTPUT_CHARS) text += String(chunk);
  return text;
}
