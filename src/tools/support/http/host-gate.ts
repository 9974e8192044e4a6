import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { withFileLock } from '../../../lib/file-lock.js';
import { isTimeout, timeLimit } from '../../../lib/time-limit.js';
import { Turns } from '../../../lib/turns.js';

/** What a service allows. */
export interface Pace {
  /** Requests that may begin within any `windowMs`. */
  readonly requests: number;
  readonly windowMs: number;
  /** Requests of one server process that may be under way at once. */
  readonly concurrent: number;
}

const Departures = z.strictObject({
  version: z.literal(1),
  /** When the last requests began, oldest first. */
  departures: z.array(z.number()),
  paused_until: z.number(),
});
type Departures = z.infer<typeof Departures>;

const NONE: Departures = { version: 1, departures: [], paused_until: 0 };
/** What lies between our clock and the service's: the network and a busy machine push requests together. */
const MARGIN = 1.05;
const MARGIN_MS = 20;
const LOCK_WAIT_MS = 5000;
/** A service that asks for a longer rest is asked again after this long. */
const MAX_PAUSE_MS = 3_600_000;

/** The gate does not open before the deadline. */
export class GateClosed extends Error {
  override readonly name = 'GateClosed';
  /** When it is worth trying again, milliseconds since 1970. */
  readonly opensAt: number;

  constructor(opensAt: number) {
    super('the gate opens too late');
    this.opensAt = opensAt;
  }
}

export interface EnterOptions {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/**
 * Lets requests to one host begin no faster than it allows, over all runs and all server processes that share the file.
 * A departure is written down at the moment it happens, under a lock, so that no stall of a process lets requests bunch up.
 */
export class HostGate {
  readonly #file: string;
  readonly #pace: Pace;
  readonly #turn = new Turns(1);
  readonly #places: Turns;
  /** What is known where the disk does not take it. */
  #last: Departures = NONE;

  constructor(file: string, pace: Pace) {
    this.#file = file;
    this.#pace = pace;
    this.#places = new Turns(pace.concurrent);
  }

  /**
   * Resolves when a request may begin, with the function that says it has ended.
   * @throws GateClosed at once if that will not be before the deadline; the signal's reason on abort.
   */
  async enter({ deadline, signal }: EnterOptions): Promise<() => void> {
    const estimate = Date.now() + this.#turn.waiting * (this.#pace.windowMs / this.#pace.requests);
    if (estimate > deadline) throw new GateClosed(estimate);
    using limit = timeLimit(deadline - Date.now(), signal);
    try {
      return await this.#pass(deadline, limit.signal);
    } catch (error) {
      throw isTimeout(error) ? new GateClosed(Math.max(estimate, Date.now() + 1000)) : error;
    }
  }

  async #pass(deadline: number, signal: AbortSignal): Promise<() => void> {
    const endTurn = await this.#turn.take(signal);
    try {
      const leave = await this.#places.take(signal);
      try {
        await this.#depart(deadline, signal);
        return leave;
      } catch (error) {
        leave();
        throw error;
      }
    } finally {
      endTurn();
    }
  }

  /** Waits until the host's limit leaves room, and takes it. */
  async #depart(deadline: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const opensAt = await this.#tryToDepart();
      if (opensAt === 0) return;
      if (opensAt > deadline) throw new GateClosed(opensAt);
      await sleep(Math.max(1, opensAt - Date.now()), undefined, { signal });
    }
  }

  /** 0 if the departure was written down; otherwise when it may be tried again. */
  async #tryToDepart(): Promise<number> {
    let opensAt = 0;
    await this.#change(known => {
      const now = Date.now();
      const { requests, windowMs } = this.#pace;
      const window = windowMs * MARGIN + MARGIN_MS;
      const recent = known.departures.filter(at => at > now - window && at <= now).slice(-requests);
      const oldest = recent.length < requests ? undefined : recent[0];
      const free = oldest === undefined ? 0 : oldest + window;
      opensAt = Math.max(known.paused_until, free) > now ? Math.max(known.paused_until, free) : 0;
      return opensAt > 0 ? undefined : { ...known, departures: [...recent, now] };
    });
    return opensAt;
  }

  /** Nothing departs before this moment (milliseconds since 1970): the host asked for a rest. */
  async pause(until: number): Promise<void> {
    const held = Math.min(until, Date.now() + MAX_PAUSE_MS);
    await this.#change(known => (known.paused_until >= held ? undefined : { ...known, paused_until: held }));
  }

  /** Changes what all processes know, one after the other. A disk that does not take it makes this process count alone. */
  async #change(change: (known: Departures) => Departures | undefined): Promise<void> {
    let changed = false;
    const apply = (known: Departures): Departures | undefined => {
      changed = true;
      const next = change(known);
      this.#last = next ?? known;
      return next;
    };
    try {
      await withFileLock(`${this.#file}.lock`, { waitMs: LOCK_WAIT_MS }, async () => {
        const next = apply(await this.#read());
        if (next !== undefined) await this.#write(next);
      });
    } catch {
      if (!changed) apply(this.#last);
    }
  }

  async #read(): Promise<Departures> {
    try {
      const known = Departures.parse(JSON.parse(await readFile(this.#file, 'utf8')));
      return { ...known, paused_until: Math.min(known.paused_until, Date.now() + MAX_PAUSE_MS) };
    } catch {
      return this.#last; // first use, or cut short by a crash
    }
  }

  async #write(next: Departures): Promise<void> {
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFile(this.#file, JSON.stringify(next));
  }
}
