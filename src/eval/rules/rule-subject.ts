import type { DataPlace } from '../../data/locations.js';
import type { ModelFile } from '../../runs/intake/list-model-folder.js';
import type { Task } from '../../tasks/task.js';

/** What the rules of a task are held against. The model has passed the intake. */
export interface RuleSubject {
  readonly task: Task;
  /** Nobody writes to it. */
  readonly modelFolder: string;
  readonly files: readonly ModelFile[];
  /** What the contestant left; absent where a bare folder is judged, without a run. */
  readonly workspace?: string | undefined;
  readonly place: DataPlace;
  /** Path of the Python interpreter with torch; asked for only where a rule needs it. */
  readonly python: () => Promise<string>;
  readonly signal: AbortSignal;
}
