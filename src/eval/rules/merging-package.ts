import { locateDataset } from '../../data/locate-dataset.js';
import { ConfigError } from '../../errors.js';
import { duration } from '../../lib/text.js';
import { quoted } from '../../runs/intake/findings.js';
import { hashModelFiles } from '../../runs/intake/hash-model-files.js';
import type { Finding } from '../../runs/outcome.js';
import type { TaskRule } from '../../tasks/task.js';
import { mergeDigest } from './merge-digest.js';
import { type MergeRecord, RECORD_PATH, readMergeRecords } from './merge-record.js';
import { isOwnMethod, type Repetition, repeatMerge } from './repeat-merge.js';
import type { RuleSubject } from './rule-subject.js';

export type MergingRule = Extract<TaskRule, { id: 'merging_package' }>;

/**
 * Holds the weights against the record of merges in the workspace. A record is only what the contestant's own copy of the package wrote: where all that was merged
 * lies on this host and the method is the package's own, the merge is carried out again, and must give the same bytes. Nothing is found then.
 */
export async function checkMergingPackage(subject: RuleSubject, rule: MergingRule): Promise<Finding[]> {
  const { modelFolder, files, workspace } = subject;
  if (workspace === undefined) return [suspicion(NO_RUN, [])];
  const weights = files.map(({ path }) => path).filter(path => path.endsWith('.safetensors'));
  const digest = mergeDigest(await hashModelFiles(modelFolder, weights));
  const records = await readMergeRecords(workspace);
  const record = records.findLast(({ weights_digest }) => weights_digest === digest);
  if (record === undefined)
    return [broken(whyNone(records), [`weights ${shown(digest)}`, ...linesOf(records)])];
  const given = await givenModels(subject);
  const faults = [
    ...timeFaults(record, rule),
    ...dateFaults(record, rule),
    ...originFaults(record, rule, given),
  ];
  return faults.length > 0 ? faults : repeat(record, { subject, rule, given });
}

const NO_RUN =
  'A bare folder is judged, without the workspace it was made in: whether the package merged it was not checked.';

function broken(message: string, evidence: readonly string[]): Finding {
  return { rule: 'merging_package', severity: 'broken', message, evidence };
}

function suspicion(message: string, evidence: readonly string[]): Finding {
  return { rule: 'merging_package', severity: 'suspicion', message, evidence };
}

function shown(digest: string): string {
  return quoted(digest.slice(0, 16));
}

function whyNone(records: readonly MergeRecord[]): string {
  return records.length === 0
    ? `The workspace has no record of a merge: ${RECORD_PATH} is missing or holds none. Merge with the package in the workspace, and leave its record there.`
    : `No merge in ${RECORD_PATH} made these weights. Hand in the folder that the package wrote, as it is.`;
}

function linesOf(records: readonly MergeRecord[]): string[] {
  return records
    .slice(-10)
    .map(
      ({ method, weights_digest }) => `recorded: ${quoted(method.name)}, weights ${shown(weights_digest)}`,
    );
}

function timeFaults({ seconds }: MergeRecord, { max_minutes }: MergingRule): Finding[] {
  if (seconds <= max_minutes * 60) return [];
  const message = `The merge took ${duration(seconds)}, the task allows ${duration(max_minutes * 60)}. Merge in less time.`;
  return [broken(message, [`recorded: ${seconds} s`])];
}

function dateFaults({ base, sources }: MergeRecord, { sources_before }: MergingRule): Finding[] {
  if (sources_before === undefined) return [];
  const late = sources.filter(({ published }) => published === null || published >= sources_before);
  if (late.length === 0) return [];
  const message = `${late.length} of ${sources.length} sources name no day of publication, or one from ${sources_before} on. Merge only what was published before, and name the day in the plan.`;
  const lines = late.map(({ path, published }) => `${quoted(path)}: ${published ?? 'no day'}`);
  return [broken(message, [...lines.slice(0, 20), `base ${quoted(base.path)}`])];
}

/** Folders of the models that the task gives, by the digest of their weights. */
type Given = ReadonlyMap<string, string>;

async function givenModels({ task, place, signal }: RuleSubject): Promise<Given> {
  const given = new Map<string, string>();
  for (const { dataset } of task.data) {
    const located = await locateDataset(dataset, place, signal);
    if (!located.isFound || located.dataset.format !== 'model') continue;
    given.set(mergeDigest(located.record.files), located.folder); // by the record: contestants' data folders share the files by hard links
  }
  return given;
}

/** Where no day bounds what may be merged, the experts are given, and nothing else may be merged. */
function originFaults({ base, sources }: MergeRecord, rule: MergingRule, given: Given): Finding[] {
  if (rule.sources_before !== undefined || given.size === 0) return [];
  const foreign = [base, ...sources].filter(({ digest }) => !given.has(digest));
  if (foreign.length === 0) return [];
  const message = `${foreign.length} of the ${sources.length + 1} models that were merged, the base included, are not those that the task gives. Merge the given models.`;
  const lines = foreign.map(({ path, digest }) => `${quoted(path)}: weights ${shown(digest)}`);
  return [broken(message, lines.slice(0, 20))];
}

interface Repeat {
  readonly subject: RuleSubject;
  readonly rule: MergingRule;
  readonly given: Given;
}

async function repeat(record: MergeRecord, { subject, rule, given }: Repeat): Promise<Finding[]> {
  const { method } = record;
  if (!(await isOwnMethod(record))) {
    const what = `The method ${quoted(method.name)} is the contestant's own, so the merge was not carried out again: what its record says is believed.`;
    return [suspicion(what, [`${quoted(method.file)}, SHA-256 ${shown(method.sha256)}`])];
  }
  const base = given.get(record.base.digest);
  const sources = record.sources.flatMap(({ digest }) => given.get(digest) ?? []);
  if (base === undefined || sources.length < record.sources.length)
    return [suspicion(NOT_HERE, pathsOf(record))];
  const python = await pythonOf(subject);
  if (python === undefined) return [suspicion(NO_PYTHON, [])];
  const { place, signal } = subject;
  const timeLimitS = rule.max_minutes * 60;
  return verdict(
    record,
    await repeatMerge(record, { home: place.home, python, base, sources, timeLimitS, signal }),
  );
}

const NOT_HERE =
  'Not all that was merged lies on this host, so the merge was not carried out again: what its record says is believed.';
const NO_PYTHON =
  'There is no Python environment on this host, so the merge was not carried out again: what its record says is believed.';

function pathsOf({ base, sources }: MergeRecord): string[] {
  return [base, ...sources]
    .slice(0, 20)
    .map(({ path, digest }) => `${quoted(path)}: weights ${shown(digest)}`);
}

async function pythonOf({ python }: RuleSubject): Promise<string | undefined> {
  try {
    return await python();
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function verdict(record: MergeRecord, repetition: Repetition): Finding[] {
  if (repetition.kind === 'stopped') {
    const message = 'The merge could not be carried out again: what its record says is believed.';
    return [suspicion(message, [`re-run: ${repetition.reason}`])];
  }
  if (repetition.kind === 'refused') {
    const message =
      'The package refuses the merge that the record tells of. Merge with the package as it is in the workspace.';
    return [broken(message, [`re-run: ${quoted(repetition.reason)}`])];
  }
  if (repetition.digest === record.weights_digest) return [];
  const message =
    'The merge that the record tells of gives other weights than those handed in. Hand in the folder that the package wrote, as it is.';
  return [
    broken(message, [
      `recorded: weights ${shown(record.weights_digest)}`,
      `re-run: weights ${shown(repetition.digest)}, ${repetition.seconds.toFixed(1)} s`,
    ]),
  ];
}
