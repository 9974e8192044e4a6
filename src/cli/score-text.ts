import { number } from '../report/results-table.js';
import type { Finding } from '../runs/outcome.js';
import type { Provenance, Score } from '../runs/score.js';

/** A score with everything that stands beside it, for a person. */
export function scoreLines(score: Score): string[] {
  const value = score.value === null ? `none: ${score.reason ?? 'no reason recorded'}` : number(score.value);
  const interval =
    score.interval_95 === null ? '' : `, 95 % interval ${score.interval_95.map(number).join(' to ')}`;
  const floors = Object.entries(score.floors).map(
    ([name, { value, reason }]) =>
      `    floor, ${name.replaceAll('_', ' ')}: ${value === null ? (reason ?? '–') : number(value)}`,
  );
  const beside = Object.entries(score.beside ?? {}).map(
    ([name, value]) => `    beside, ${name}: ${number(value)}`,
  );
  return [
    `  ${score.metric}: ${value} (n ${score.n.toLocaleString('en-US')}${interval}; ${score.direction.replaceAll('_', ' ')})`,
    ...floors,
    ...beside,
  ];
}

export function findingLine({ severity, rule, message }: Finding): string {
  return `  ${severity === 'broken' ? 'rule broken' : 'suspicion'} (${rule}): ${message}`;
}

export function provenanceLine(provenance: Provenance): string {
  const { evaluator, evaluator_version, harness, device, dtype, batch_size, seconds } = provenance;
  return `  measured by ${evaluator} ${evaluator_version} with ${harness} on ${device} in ${dtype}, batch ${batch_size}, ${Math.round(seconds)} s`;
}
