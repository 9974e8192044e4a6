import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../errors.js';
import { DockerEngine, refusalOf } from './docker-engine.js';
import { InspectedImage, imagePath } from './engine-objects.js';

/** The images that `mlrb setup --docker` builds, in the order in which they are built. */
export const IMAGE_KINDS = ['sandbox', 'eval'] as const;
export type ImageKind = (typeof IMAGE_KINDS)[number];

/** What an image is built from. */
export interface ImageInputs {
  /** The folder with `sandbox/`, `eval/` and what they copy. */
  readonly context: string;
  readonly baseImage: string;
  /** Further build arguments by name. */
  readonly buildArgs: Readonly<Record<string, string>>;
}

export interface BuildOptions extends ImageInputs {
  readonly socket: string;
  /** Network of the building steps as Docker names it; empty: the engine's own choice. */
  readonly network: string;
  readonly signal: AbortSignal;
  readonly onProgress: (step: string) => void;
}

const SOURCES: Readonly<Record<ImageKind, readonly string[]>> = {
  sandbox: ['sandbox/Dockerfile', 'eval/requirements.txt'],
  eval: ['eval/Dockerfile', 'eval/requirements.txt'],
};

/** Name of an image, with a digest of all that goes into it: other inputs are another image. */
export async function imageName(kind: ImageKind, inputs: ImageInputs): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES[kind]) hash.update(await readFile(join(inputs.context, source))).update('\0');
  hash.update(JSON.stringify([inputs.baseImage, Object.entries(inputs.buildArgs).sort()]));
  return `mlrb-${kind}:${hash.digest('hex').slice(0, 12)}`;
}

/** Whether the engine has the image. @throws ConfigError if the engine cannot be reached. */
export async function hasImage(engine: DockerEngine, name: string): Promise<boolean> {
  return (await engine.find(InspectedImage, { path: imagePath(name) })) !== undefined;
}

/**
 * Builds the image unless it is there, and answers its name. Minutes and a few GB the first time.
 * @throws ConfigError if the engine cannot be reached or a step of the build fails; the signal's reason on abort.
 */
export async function buildImage(kind: ImageKind, options: BuildOptions): Promise<string> {
  const { context, baseImage, buildArgs, socket, network, signal, onProgress } = options;
  const engine = new DockerEngine(socket);
  const name = await imageName(kind, options);
  if (await hasImage(engine, name)) return name;
  signal.throwIfAborted();
  await engine.withClient(async docker => {
    const stream = await docker
      .buildImage(
        { context, src: [...SOURCES[kind]] },
        {
          t: name,
          dockerfile: `${kind}/Dockerfile`,
          buildargs: { BASE_IMAGE: baseImage, ...buildArgs },
          labels: { 'mlrb.image': kind },
          forcerm: true,
          abortSignal: signal,
          ...(network === '' ? {} : { networkmode: network }),
        },
      )
      .catch((error: unknown) => {
        throw buildFailed(kind, refusalOf(error)?.reason ?? '', error);
      });
    await follow(stream, kind, onProgress);
  });
  return name;
}

/** One line of the engine's account of a build. */
const BuildLine = z.object({ stream: z.string().optional(), error: z.string().optional() });

/** Reads the account to its end. An error in it is the build's. */
async function follow(
  stream: NodeJS.ReadableStream,
  kind: ImageKind,
  onProgress: (step: string) => void,
): Promise<void> {
  let rest = '';
  let last = '';
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter(text => text.trim() !== '')) {
      const { stream: text, error } = BuildLine.parse(JSON.parse(line));
      if (error !== undefined) throw buildFailed(kind, `${last}\n${error}`, new Error(error));
      const said = text?.trim() ?? '';
      if (said === '') continue;
      last = said;
      onProgress(said);
    }
  }
}

function buildFailed(kind: ImageKind, reason: string, cause: unknown): ConfigError {
  const where = /pull access denied|manifest unknown|no such host|connection refused|TLS|timeout/i.test(
    reason,
  )
    ? 'a download failed: see to the network, or name another base with docker.base_image'
    : 'a step of it failed';
  const said = reason.replaceAll(/\s+/g, ' ').trim().slice(-300);
  return new ConfigError(`The image mlrb-${kind} could not be built; ${where}. Docker says: ${said}`, {
    cause,
  });
}
