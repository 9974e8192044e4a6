import { createWriteStream } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { agentUser } from '../sandbox/docker/agent-user.js';
import { startContained } from '../sandbox/docker/contained-process.js';
import { DockerEngine } from '../sandbox/docker/docker-engine.js';
import { HOME_LABEL, homeLabel, SCORER_LABEL } from '../sandbox/docker/run-container.js';
import { requestLine, type StartScorer, scorerEnvironment } from './scorer-process.js';
import type { ScorerRequest, SuiteRequest } from './scorer-request.js';

export interface DockerScorerOptions {
  /** Path of the engine's socket. */
  readonly socket: string;
  readonly image: () => Promise<string>;
  readonly home: string;
}

/** Where the scorer finds things in its container. */
const INSIDE = {
  program: '/scorer',
  model: '/submission',
  evaluation: '/evaluation',
  rows: '/rows',
  text: '/text.txt',
  scratch: '/scratch',
} as const;

/** Beyond what the scorer limits itself to: the interpreter, and pages that are shared. */
const MEMORY_MARGIN_BYTES = 500e6;

/**
 * A scorer in a container of its own: no network, a read-only image, submission and data read-only, another user than root, and a
 * limit on memory that the kernel keeps.
 */
export function dockerScorer({ socket, image, home }: DockerScorerOptions): StartScorer {
  return async (request, { script, logPath }) => {
    const engine = new DockerEngine(socket);
    const user = agentUser();
    await makeScratch(request.scratch, user);
    await giveFolder(request.rows_folder, user);
    const scorer = await startContained(
      engine,
      {
        image: await image(),
        // What the scorer says comes on descriptor 3: here that is the container's standard output.
        argv: [
          'sh',
          '-c',
          'exec 3>&1 1>&2; exec "$@"',
          'sh',
          'python3',
          '-I',
          '-B',
          '-u',
          scriptInside(script),
        ],
        environment: scorerEnvironment({ scratch: INSIDE.scratch, device: request.device }),
        user,
        labels: { [HOME_LABEL]: homeLabel(home), [SCORER_LABEL]: String(process.pid) },
        mounts: mountsFor(request, script),
        memoryBytes: request.memory_bytes + MEMORY_MARGIN_BYTES,
        gpus: request.device.startsWith('cuda:') ? [request.device.slice('cuda:'.length)] : [],
      },
      requestLine(requestInside(request)),
    );
    scorer.stderr.pipe(createWriteStream(logPath, { flags: 'a' }));
    return { kill: scorer.kill, lines: createInterface({ input: scorer.stdout }), ended: scorer.ended };
  };
}

async function makeScratch(scratch: string, user: { uid: number; gid: number }): Promise<void> {
  const folders = [scratch, join(scratch, 'tmp'), join(scratch, 'hf')];
  for (const folder of folders) await giveFolder(folder, user);
}

async function giveFolder(folder: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (process.getuid?.() === 0) await chown(folder, uid, gid);
}

function mountsFor(request: ScorerRequest, script: string) {
  return [
    [dirname(script), INSIDE.program, 'read'] as const,
    [request.model_folder, INSIDE.model, 'read'] as const,
    ...dataFolders(request).map((folder, at) => [folder, folderInside(at), 'read'] as const),
    [request.scratch, INSIDE.scratch, 'write'] as const,
    [request.rows_folder, INSIDE.rows, 'write'] as const,
    ...(request.text_path === null ? [] : [[request.text_path, INSIDE.text, 'read'] as const]),
  ];
}

function requestInside(request: ScorerRequest): ScorerRequest {
  return {
    ...request,
    model_folder: INSIDE.model,
    suites: request.suites.map(suite => suiteInside(suite, dataFolders(request))),
    text_path: request.text_path === null ? null : INSIDE.text,
    scratch: INSIDE.scratch,
    rows_folder: INSIDE.rows,
    // The one device of the lease is the first that the container has.
    device: request.device.startsWith('cuda:') ? 'cuda:0' : request.device,
  };
}

/** The folders that the suites read, each once. */
function dataFolders({ suites }: ScorerRequest): string[] {
  const folders = suites.flatMap(suite =>
    suite.suite === 'bits_per_byte' ? suite.texts.map(({ folder }) => folder) : [suite.folder],
  );
  return [...new Set(folders)];
}

function folderInside(at: number): string {
  return join(INSIDE.evaluation, String(at));
}

function suiteInside(suite: SuiteRequest, folders: readonly string[]): SuiteRequest {
  const inside = <T extends { readonly folder: string }>(one: T): T => ({
    ...one,
    folder: folderInside(folders.indexOf(one.folder)),
  });
  return suite.suite === 'bits_per_byte' ? { ...suite, texts: suite.texts.map(inside) } : inside(suite);
}

function scriptInside(script: string): string {
  return join(INSIDE.program, basename(script));
}
