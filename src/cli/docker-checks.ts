import { statfs } from 'node:fs/promises';
import type { Config } from '../config.js';
import { isKnownError } from '../errors.js';
import { exists } from '../lib/exists.js';
import { size } from '../lib/text.js';
import { describeEngine, type EngineDescription } from '../sandbox/docker/describe-engine.js';
import { DockerEngine, refusalOf } from '../sandbox/docker/docker-engine.js';
import { nvidiaGpus } from '../sandbox/docker/gpus.js';
import { missingImages } from './docker-images.js';
import type { HostCheck } from './host-check.js';

/** An engine that is well answers in a fraction of a second. */
const PATIENCE_MS = 5000;
/** Both images, and what their builds leave until they are done. */
const BUILD_DISK_BYTES = 8e9;
/** Where the images are there, the engine writes only logs, which are cut, and its own records. */
const MIN_DISK_BYTES = 1e9;

/** What `--sandbox docker` needs. Where that is not set, nothing of it is missing: it is only not there. */
export async function checkDocker(config: Config): Promise<HostCheck[]> {
  const isNeeded = config.sandbox === 'docker' || config.evaluation.where === 'docker';
  const checks = await checkEngine(config).catch((error: unknown) => [unusable(error)]);
  return isNeeded ? checks : checks.map(asOptional);
}

async function checkEngine(config: Config): Promise<HostCheck[]> {
  const engine = new DockerEngine(config.docker.socket, PATIENCE_MS);
  const about = await describeEngine(engine);
  const images = await missingImages(config, engine);
  const checks = [
    row('Docker', true, `engine ${about.version}`, ''),
    checkCgroup(about),
    checkLimits(about),
    row('Docker init', about.init !== '', about.init || 'not there', INIT_REMEDY),
    checkImages(images),
    await checkDataRoot(about, images.length === 0 ? MIN_DISK_BYTES : BUILD_DISK_BYTES),
    ...(await checkGpus(about)),
  ];
  return checks.filter(found => found !== undefined);
}

const INIT_REMEDY = "Install docker-init; it comes with Docker's own packages.";

function checkCgroup({ cgroup }: EngineDescription): HostCheck {
  const found = `version ${cgroup}`;
  if (cgroup !== '1') return row('control groups', true, found, '');
  const remedy =
    'Limits hold, but coarser than with version 2, and later versions of Docker want that: start the kernel with systemd.unified_cgroup_hierarchy=1.';
  return { name: 'control groups', state: 'warning', found, remedy };
}

function checkLimits({ unlimited, cgroup }: EngineDescription): HostCheck {
  if (unlimited.join() === 'swap') return NO_SWAP_LIMIT;
  const areEnforced = unlimited.length === 0;
  const found = areEnforced ? 'enforced' : `not enforced for ${unlimited.join(', ')}`;
  const parameters = cgroup === '1' ? ' (for memory and swap: cgroup_enable=memory swapaccount=1)' : '';
  const remedy = `A run could take all that the host has. Let the kernel control it${parameters}, or, if Docker runs without root, let systemd delegate all controllers to its user; then restart Docker.`;
  return row('limits of containers', areEnforced, found, remedy);
}

/** Harmless on a host without swap. */
const NO_SWAP_LIMIT: HostCheck = {
  name: 'limits of containers',
  state: 'warning',
  found: 'not enforced for swap',
  remedy:
    'A run has the memory of its task, and as much swap as the host: turn swap off, or start the kernel with swapaccount=1.',
};

function checkImages(missing: readonly string[]): HostCheck {
  const isThere = missing.length === 0;
  const found = isThere ? 'there' : `${missing.join(', ')} not there`;
  return row('Docker images', isThere, found, '`mlrb setup --docker` builds them.');
}

/** Undefined where the engine's own folder cannot be looked at from here: it may be that of another machine. */
async function checkDataRoot(
  { dataRoot }: EngineDescription,
  needed: number,
): Promise<HostCheck | undefined> {
  const disk = await statfs(dataRoot).catch(() => undefined);
  if (disk === undefined) return;
  const free = disk.bavail * disk.bsize;
  const remedy = `Free ${size(needed)} there (docker system prune removes what nothing uses), or move it with "data-root" in /etc/docker/daemon.json.`;
  return row('disk of Docker', free >= needed, `${size(free)} free in ${dataRoot}`, remedy);
}

/** Nothing where there is no GPU. */
async function checkGpus({ runtimes }: EngineDescription): Promise<HostCheck[]> {
  const devices = await nvidiaGpus.inventory();
  if (devices.length === 0) return (await hasDriver()) ? [NO_DEVICES] : [];
  const hasRuntime = runtimes.includes('nvidia');
  const found = hasRuntime ? `${devices.length}, and the nvidia runtime` : 'no nvidia runtime';
  const remedy =
    'For tasks that need a GPU, install the NVIDIA Container Toolkit, run nvidia-ctk runtime configure --runtime=docker, and restart Docker.';
  return [row('GPUs in containers', hasRuntime, found, remedy)];
}

const NO_DEVICES = row(
  'GPUs in containers',
  false,
  'a driver, but nvidia-smi names no GPU',
  'For tasks that need a GPU, see what nvidia-smi says, and install the one that belongs to the driver.',
);

function hasDriver(): Promise<boolean> {
  return exists('/dev/nvidiactl');
}

function unusable(error: unknown): HostCheck {
  const refusal = refusalOf(error);
  if (refusal !== undefined) {
    const remedy = 'See its log (journalctl --unit docker), then start it anew (systemctl restart docker).';
    return row('Docker', false, `its engine answers with error ${refusal.statusCode}`, remedy);
  }
  if (!isKnownError(error)) throw error;
  return row('Docker', false, 'cannot be reached', error.message);
}

function asOptional(found: HostCheck): HostCheck {
  if (found.state === 'ok') return found;
  const why = found.state === 'warning' ? 'Matters' : 'Needed';
  return { ...found, state: 'optional', remedy: `${why} for --sandbox docker only. ${found.remedy}` };
}

function row(name: string, isOk: boolean, found: string, remedy: string): HostCheck {
  return { name, state: isOk ? 'ok' : 'missing', found, remedy: isOk ? '' : remedy };
}
