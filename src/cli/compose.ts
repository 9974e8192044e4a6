import type { Config } from '../config.js';
import { packageVersion } from '../lib/package-root.js';
import type { Logger } from '../logger.js';
import { RunStore } from '../runs/run-store.js';
import { DockerBackend } from '../sandbox/docker/docker-backend.js';
import { nvidiaGpus, refuseTooFew } from '../sandbox/docker/gpus.js';
import { LocalBackend } from '../sandbox/local/local-backend.js';
import { RoutedBackend } from '../sandbox/routed-backend.js';
import type { SandboxBackend } from '../sandbox/sandbox.js';
import { ownTaskData } from '../tasks/own-data.js';
import type { TaskFolder } from '../tasks/task.js';
import type { Research } from '../tools/research.js';
import type { Host, WantedRun } from '../tools/tool.js';
import { dataPlace, PACKAGE_DATA } from './data-place.js';
import { sandboxImage } from './docker-images.js';
import { startEvaluationProcess } from './evaluation-process.js';
import { isRunOn } from './is-run-on.js';
import { knownTasks } from './known-tasks.js';
import { type ServerPython, serverPython } from './server-python.js';

export interface ComposeOptions {
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Puts the parts together. Nothing is started or looked at before it is needed. */
export function composeHost(config: Config, { signal, log }: ComposeOptions): Host {
  const tasks = knownTasks(config);
  const runs = new RunStore(config.home);
  const python = serverPython(config, { signal, log });
  const { backend, checkReady } = composeSandbox(config, python, runs);
  return {
    tasks,
    offered: tasks,
    runs,
    backend,
    startEvaluation: runId => startEvaluationProcess(runId, runs, config),
    checkReady,
    research: composeResearch(config, { signal, log }),
    trainingData: once(async folder => {
      if (folder.ownData !== undefined) return ownTaskData(folder);
      const { serverTaskData } = await import('./server-task-data.js'); // knows every data set: the handshake need not wait for that
      return serverTaskData(folder, config, { signal, log });
    }),
    log,
  };
}

/** What a run needs before it can begin, by the sandbox that is set. */
function composeSandbox(
  config: Config,
  python: ServerPython,
  runs: RunStore,
): { readonly backend: SandboxBackend; readonly checkReady: Host['checkReady'] } {
  const local = new LocalBackend({ python: python.path });
  const docker = new DockerBackend({
    socket: config.docker.socket,
    image: () => sandboxImage(config),
    home: config.home,
    network: config.docker.network,
    egress: { network: config.docker.egress_network, allow: config.docker.egress_allow },
    isRunOn: runId => isRunOn(runId, runs),
  });
  return config.sandbox === 'local'
    ? { backend: new RoutedBackend(local, docker), checkReady: wanted => checkLocal(wanted, python) }
    : { backend: new RoutedBackend(docker, local), checkReady: wanted => docker.checkReady(wanted) };
}

/** Nothing leases devices to runs that are not isolated: they are only there or not. */
async function checkLocal({ gpus }: WantedRun, python: ServerPython): Promise<void> {
  if (gpus > 0) refuseTooFew(await nvidiaGpus.inventory(), gpus);
  await python.checkReady();
}

/** The libraries that reach the world are loaded when a tool first needs them: a handshake does not wait for them. */
function composeResearch(config: Config, { signal, log }: ComposeOptions): () => Promise<Research> {
  let research: Promise<Research> | undefined;
  return () => {
    research ??= import('../tools/research.js').then(({ createResearch }) =>
      createResearch({
        config,
        log,
        version: packageVersion(),
        packageData: PACKAGE_DATA,
        evaluationTexts: async id => {
          const { evaluationTexts } = await import('../data/evaluation-texts.js');
          return evaluationTexts(id, dataPlace(config), signal);
        },
      }),
    );
    return research;
  };
}

/** Remembers the answer for each task; a failure is tried again. */
function once<T>(make: (task: TaskFolder) => Promise<T>): (task: TaskFolder) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return task => {
    const known = made.get(task.task.id);
    if (known !== undefined) return known;
    const making = make(task);
    made.set(task.task.id, making);
    making.catch(() => made.delete(task.task.id));
    return making;
  };
}
