import { number } from '../report/results-table.js';
import type { Finding } from '../runs/outcome.js';
import type { Provenance, Reference, Score } from '../runs/score.js';

/** A score with everything that stands beside it, for a person. */
export function scoreLines(score: Score): string[] {
  if (score.value === null) return [`  ${score.metric}: none. ${score.reason ?? 'No reason is recorded.'}`];
  const unit = score.unit === undefined ? '' : ` ${score.unit}`;
  return [
    `  ${score.metric}: ${number(score.value)}${unit} (${besideValue(score).join(', ')})`,
    ...(score.reason === undefined ? [] : [`    ${score.reason}`]),
    ...Object.entries(score.floors).map(([name, floor]) => `    floor, ${words(name)}: ${floorText(floor)}`),
    ...Object.entries(score.beside ?? {}).map(
      ([name, value]) => `    beside, ${words(name)}: ${number(value)}`,
    ),
  ];
}

function besideValue({ n, interval_95, direction }: Score): string[] {
  return [
    ...(n > 1 ? [`n ${n.toLocaleString('en-US')}`] : []),
    ...(interval_95 === null ? [] : [`95 % interval ${interval_95.map(number).join(' to ')}`]),
    words(direction),
  ];
}

function floorText({ value, reason }: Reference): string {
  return value === null ? (reason ?? '–') : number(value);
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}

/** What was found, and what it rests on. */
export function findingLines({ severity, rule, message, evidence = [] }: Finding): string[] {
  return [
    `  ${severity === 'broken' ? 'rule broken' : 'suspicion'} (${rule}): ${message}`,
    ...evidence.map(line => `    evidence: ${line}`),
  ];
}

/** What the scores were measured with, and on what. */
export function provenanceLines(provenance: Provenance): string[] {
  const { evaluator, evaluator_version, harness, device, dtype, batch_size, seconds } = provenance;
  const libraries = Object.entries(provenance.libraries).map(([name, version]) => `${name} ${version}`);
  return [
    `  measured by ${evaluator} ${evaluator_version} with ${harness} on ${device} in ${dtype}, batch ${batch_size}, ${Math.round(seconds)} s`,
    `    ${libraries.join(', ')}`,
    `    digest of the weights ${short(provenance.weights_digest)}, of the data ${short(provenance.data_digest)}`,
  ];
}

function short(digest: string): string {
  return digest.slice(0, 16);
}
