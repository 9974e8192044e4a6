import { setTimeout as pause } from 'node:timers/promises';
import { LimitError } from '../../errors.js';
import { type DockerEngine, refusalOf, unlessAbsent } from './docker-engine.js';
import { containerPath, MadeContainer } from './engine-objects.js';
import { creationFailed, HOME_LABEL, homeLabel, removeContainer, SCORER_LABEL } from './run-container.js';

/** The engine gives a name to one container only, so who made the one of this name chooses among GPUs, and nobody else on this engine. */
const NAME = 'mlrb-gpu-chooser';
/** Choosing takes about a second; who takes this long has died, or is refused when it is done. */
const DEAD_AFTER_MS = 20_000;
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 100;

export interface BecomeChooser {
  /** Any that is there: nothing of it is run. */
  readonly image: string;
  readonly home: string;
  readonly signal: AbortSignal;
}

/** Disposing lets the next one choose, where that was not done. */
export interface GpuChooser extends AsyncDisposable {
  /**
   * The container that holds the chosen ones is made: lets the next one choose.
   * @throws LimitError if this one took so long that others took it for dead, and may have chosen the same.
   */
  done(): Promise<void>;
}

/**
 * Waits until no other server of this engine chooses GPUs. `done` is to be called when the container that holds the chosen ones is made, from when
 * on everyone sees them taken, and before it starts.
 * @throws LimitError if others take too long; ConfigError if the image is missing; the signal's reason on abort.
 */
export async function becomeGpuChooser(engine: DockerEngine, options: BecomeChooser): Promise<GpuChooser> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  let seen: { readonly id: string; readonly since: number } | undefined;
  while (performance.now() < giveUpAt) {
    options.signal.throwIfAborted();
    const id = await makeMark(engine, options);
    if (id !== undefined) return chooserOf(engine, id);
    const other = (await unlessAbsent(engine.ask(MadeContainer, { path: containerPath(NAME, 'json') })))?.Id;
    if (other !== seen?.id) seen = other === undefined ? undefined : { id: other, since: performance.now() };
    if (seen !== undefined && performance.now() - seen.since > DEAD_AFTER_MS)
      await removeContainer(engine, seen.id);
    await pause(LOOK_EVERY_MS * (0.5 + Math.random()), undefined, options);
  }
  throw new LimitError(
    'Others are being given GPUs, which takes longer than it should. Try again in a minute.',
  );
}

/** The id of the container that was made; undefined where another has the name. Its labels let `mlrb cleanup` find what a crash left. */
async function makeMark(engine: DockerEngine, { image, home }: BecomeChooser): Promise<string | undefined> {
  const labels = { [HOME_LABEL]: homeLabel(home), [SCORER_LABEL]: String(process.pid) };
  const body = { Image: image, Cmd: ['true'], Labels: labels, HostConfig: { NetworkMode: 'none' } };
  const make = { method: 'POST', path: '/containers/create', query: { name: NAME }, body } as const;
  try {
    return (await engine.ask(MadeContainer, make)).Id;
  } catch (error) {
    if (refusalOf(error)?.statusCode === 409) return undefined;
    throw creationFailed(error, image);
  }
}

function chooserOf(engine: DockerEngine, id: string): GpuChooser {
  let isDone = false;
  return {
    async done() {
      isDone = true;
      const path = containerPath(id);
      await engine.tell({ method: 'DELETE', path, query: { force: true } }).catch((error: unknown) => {
        throw [404, 409].includes(refusalOf(error)?.statusCode ?? 0) ? tooLate(error) : error; // removed, or being removed
      });
    },
    async [Symbol.asyncDispose]() {
      if (!isDone) await removeContainer(engine, id).catch(() => undefined); // then others wait until they take it for dead
    },
  };
}

function tooLate(cause: unknown): LimitError {
  return new LimitError(
    'Another may have taken the same GPU, since this host was too slow. Try again in a minute.',
    { cause },
  );
}
