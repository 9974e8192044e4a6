import { join } from 'node:path';
import type { Config } from '../config.js';
import { PACKAGE_ROOT } from '../lib/package-root.js';
import type { Progress } from '../lib/progress.js';
import type { DockerEngine } from '../sandbox/docker/docker-engine.js';
import {
  buildImage,
  hasImage,
  IMAGE_KINDS,
  type ImageInputs,
  type ImageKind,
  imageName,
} from '../sandbox/docker/images.js';

/** The image that contestants work in, as it is called: the one that is set, or the one that `mlrb setup --docker` builds. */
export async function sandboxImage(config: Config): Promise<string> {
  return config.docker.image || imageName('sandbox', imageInputs(config));
}

/** The image that submissions are scored in. */
export async function evaluationImage(config: Config): Promise<string> {
  return imageName('eval', imageInputs(config));
}

/** Builds the images that are not there, and answers their names. */
export async function buildImages(
  config: Config,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: Progress },
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const kind of kindsNeeded(config)) {
    const { socket, build_network: network } = config.docker;
    const onProgress = (step: string) => progress.step(`  image mlrb-${kind}`, step.slice(0, 100));
    names.push(await buildImage(kind, { ...imageInputs(config), socket, network, signal, onProgress }));
    progress.clear();
  }
  return names;
}

/** Names of the images that are needed and not there. @throws ConfigError if the engine cannot be reached. */
export async function missingImages(config: Config, engine: DockerEngine): Promise<readonly string[]> {
  const needed = [await sandboxImage(config), await evaluationImage(config)];
  const there = await Promise.all(needed.map(name => hasImage(engine, name)));
  return needed.filter((_, n) => !there[n]);
}

/** Where another image is set for contestants, ours is not needed. */
function kindsNeeded({ docker }: Config): readonly ImageKind[] {
  return docker.image === '' ? IMAGE_KINDS : ['eval'];
}

function imageInputs({ docker, python }: Config): ImageInputs {
  const given = docker.build_args.split(' ').filter(arg => arg !== '');
  const buildArgs = Object.fromEntries(given.map(arg => arg.split(/=(.*)/s).slice(0, 2)));
  return {
    context: join(PACKAGE_ROOT, 'docker'),
    baseImage: docker.base_image,
    buildArgs: python.pip_args === '' ? buildArgs : { PIP_ARGS: python.pip_args, ...buildArgs },
  };
}
