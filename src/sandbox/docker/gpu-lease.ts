import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LimitError } from '../../errors.js';
import { writeJson } from '../../lib/atomic-write.js';
import { withFileLock } from '../../lib/file-lock.js';
import type { DockerEngine } from './docker-engine.js';
import { ListedContainers } from './engine-objects.js';
import { type GpuHost, refuseTooFew } from './gpus.js';
import { GPUS_LABEL, RUN_LABEL, SCORER_LABEL, UNTIL_LABEL } from './run-container.js';

/** Devices that a living container holds. The label of the container is the lease: it cannot outlive it. */
export interface GpuLease {
  /** The run that holds them, or in words what else does. */
  readonly runId: string;
  readonly devices: readonly string[];
  /** The run's deadline as it was when it began, or the latest end of an evaluation. */
  readonly until: string;
  /** Its clock stands still, so the deadline moves on. */
  readonly isPaused: boolean;
}

/** A server that died between making a container and starting it holds nothing for longer than this. */
const UNSTARTED_S = 60;
/** Who waits keeps the place by asking again within this time. */
const PLACE_KEPT_MS = 120_000;
const LOCK_WAIT_MS = 10_000;

/** The leases of all servers and home folders on this engine. */
export async function listLeases(engine: DockerEngine): Promise<GpuLease[]> {
  const filters = { label: [GPUS_LABEL], status: ['created', 'running', 'paused', 'restarting'] };
  const query = { all: true, filters };
  const containers = await engine.ask(ListedContainers, { path: '/containers/json', query });
  const nowS = Date.now() / 1000;
  return containers
    .filter(({ State, Created }) => State !== 'created' || nowS - Created < UNSTARTED_S)
    .map(({ State, Labels }) => ({
      runId: Labels?.[RUN_LABEL] ?? (Labels?.[SCORER_LABEL] === undefined ? 'another' : 'an evaluation'),
      devices: (Labels?.[GPUS_LABEL] ?? '').split(',').filter(Boolean),
      until: Labels?.[UNTIL_LABEL] ?? '',
      isPaused: State === 'paused',
    }));
}

/** Those of some devices: a lease may name one that was taken out of this host since. */
async function leasesOn(engine: DockerEngine, devices: readonly string[]): Promise<GpuLease[]> {
  const leases = await listLeases(engine);
  return leases.filter(lease => lease.devices.some(device => devices.includes(device)));
}

/**
 * Devices that nobody holds. Two that ask at once are answered the same: see `becomeGpuChooser`.
 * @throws ConfigError if the host has too few; LimitError if others hold them.
 */
export async function chooseDevices(
  engine: DockerEngine,
  gpus: GpuHost,
  needed: number,
): Promise<readonly string[]> {
  if (needed === 0) return [];
  const devices = await gpus.inventory();
  refuseTooFew(devices, needed);
  const leases = await leasesOn(engine, devices);
  const free = freeOf(devices, leases);
  if (free.length < needed) throw allTaken(leases, 1);
  return free.slice(0, needed);
}

const Ticket = z.object({ since: z.number(), needed: z.number() });
type Ticket = z.infer<typeof Ticket>;

export interface AskForGpus {
  readonly needed: number;
  readonly principal: string;
  readonly home: string;
  /** Ends containers of this home folder whose runs are over or gone, before anyone is told to wait for what they hold. */
  readonly endLeftovers: () => Promise<void>;
}

/**
 * Lets whoever asks through when it is their turn and devices are free for them and for all before them.
 * @throws LimitError that tells the place in the queue, and who holds what until when; ConfigError if the host has too few.
 */
export async function awaitTurn(
  engine: DockerEngine,
  gpus: GpuHost,
  { needed, principal, home, endLeftovers }: AskForGpus,
): Promise<void> {
  const devices = await gpus.inventory();
  refuseTooFew(devices, needed);
  const folder = join(home, 'gpu-queue');
  const own = `${encodeURIComponent(principal)}.json`;
  await mkdir(folder, { recursive: true });
  await withFileLock(join(folder, 'queue.lock'), { waitMs: LOCK_WAIT_MS }, async () => {
    const tickets = await livingTickets(folder);
    const since = tickets.get(own)?.since ?? Date.now();
    const ahead = [...tickets].filter(([name, ticket]) => name !== own && ticket.since < since);
    const wanted = ahead.reduce((sum, [, ticket]) => sum + ticket.needed, needed);
    const isFree = (leases: readonly GpuLease[]) => freeOf(devices, leases).length >= wanted;
    let leases = await leasesOn(engine, devices);
    if (!isFree(leases)) {
      await endLeftovers();
      leases = await leasesOn(engine, devices);
    }
    if (isFree(leases)) {
      await rm(join(folder, own), { force: true });
      return;
    }
    await writeJson(join(folder, own), { since, needed } satisfies Ticket);
    throw allTaken(leases, ahead.length + 1);
  });
}

/** Those that asked lately, by file name. */
async function livingTickets(folder: string): Promise<Map<string, Ticket>> {
  const tickets = new Map<string, Ticket>();
  for (const name of (await readdir(folder)).filter(entry => entry.endsWith('.json'))) {
    const path = join(folder, name);
    const status = await stat(path).catch(() => undefined);
    const ticket = Ticket.safeParse(
      await readFile(path, 'utf8')
        .then(JSON.parse)
        .catch(() => null),
    ).data;
    if (status !== undefined && ticket !== undefined && Date.now() - status.mtimeMs < PLACE_KEPT_MS) {
      tickets.set(name, ticket);
    } else {
      await rm(path, { force: true });
    }
  }
  return tickets;
}

/** Those that nobody holds. */
export function freeOf(devices: readonly string[], leases: readonly GpuLease[]): readonly string[] {
  const held = new Set(leases.flatMap(lease => lease.devices));
  return devices.filter(device => !held.has(device));
}

function allTaken(leases: readonly GpuLease[], place: number): LimitError {
  const holders = leases.map(lease => `${lease.runId} holds ${lease.devices.length}${endOf(lease)}`);
  const why = holders.length === 0 ? 'others who asked earlier come first' : holders.join('; ');
  return new LimitError(
    `No GPU is free for this task: ${why}. You are number ${place} in the queue; call start_run again in a minute, at most two, to keep your place.`,
  );
}

/** A run that was paused goes on longer than it was to when it began. */
function endOf({ until, isPaused }: GpuLease): string {
  if (isPaused) return ', and is paused';
  if (!(Date.parse(until) > Date.now())) return '';
  return `, until ${until.slice(0, 16).replace('T', ' ')} UTC at the latest`;
}
