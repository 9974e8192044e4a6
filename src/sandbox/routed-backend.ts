import type {
  CallOptions,
  RunPlace,
  Sandbox,
  SandboxBackend,
  SandboxEnd,
  SandboxPaths,
  SandboxSpec,
} from './sandbox.js';

/** New runs go to the chosen back end; a run that is there stays with the one that made it, whatever is set now. */
export class RoutedBackend implements SandboxBackend {
  readonly kind: SandboxBackend['kind'];
  readonly warning: string | null;
  readonly #chosen: SandboxBackend;
  readonly #other: SandboxBackend;

  constructor(chosen: SandboxBackend, other: SandboxBackend) {
    this.#chosen = chosen;
    this.#other = other;
    this.kind = chosen.kind;
    this.warning = chosen.warning;
  }

  networkFor(wanted: 'none' | 'open'): 'none' | 'open' | 'unrestricted' {
    return this.#chosen.networkFor(wanted);
  }

  pathsFor(spec: Pick<SandboxSpec, 'run_folder' | 'data_folder' | 'made_by'>): SandboxPaths {
    return this.#of(spec).pathsFor(spec);
  }

  create(spec: SandboxSpec, options: CallOptions): Promise<Sandbox> {
    return this.#chosen.create(spec, options);
  }

  attach(spec: SandboxSpec, secondsLeft: number, options: CallOptions): Promise<Sandbox> {
    return this.#of(spec).attach(spec, secondsLeft, options);
  }

  async pause(run: RunPlace): Promise<void> {
    await this.#of(run).pause(run);
  }

  async resume(run: RunPlace, pausedSeconds: number): Promise<void> {
    await this.#of(run).resume(run, pausedSeconds);
  }

  pausedFor(run: RunPlace): Promise<number | null> {
    return this.#of(run).pausedFor(run);
  }

  timeLeft(run: RunPlace): Promise<number | null> {
    return this.#of(run).timeLeft(run);
  }

  destroy(run: RunPlace): Promise<SandboxEnd | null> {
    return this.#of(run).destroy(run);
  }

  #of({ made_by }: Pick<SandboxSpec, 'made_by'>): SandboxBackend {
    return made_by === this.#other.kind ? this.#other : this.#chosen;
  }
}
