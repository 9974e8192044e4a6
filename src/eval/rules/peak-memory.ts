import { size } from '../../lib/text.js';
import type { Finding } from '../../runs/outcome.js';
import type { Score } from '../../runs/score.js';
import type { TaskRule } from '../../tasks/task.js';

/**
 * The limit on the memory of loading and generating, in bytes above what the scoring process held before; null where the task has none.
 */
export function peakMemoryLimit(rules: readonly TaskRule[]): number | null {
  const rule = rules.find(each => each.id === 'peak_memory');
  return rule?.max_bytes ?? null;
}

/** Holds what was measured against the limit. Nothing was measured where a model was stopped: the scorer says so itself. */
export function checkPeakMemory(rules: readonly TaskRule[], scores: readonly Score[]): Finding[] {
  const limit = peakMemoryLimit(rules);
  const measured = scores.find(({ metric }) => metric === 'peak_memory');
  if (limit === null || measured === undefined || measured.value === null) return [];
  const before = measured.beside?.before_loading ?? 0;
  const needed = measured.value - before;
  if (needed <= limit) return [];
  return [
    {
      rule: 'peak_memory',
      severity: 'broken',
      message: `Loading the model and generating took ${size(needed)} of memory, the task allows ${size(limit)}. Hand in a model that needs less.`,
      evidence: [
        `peak ${measured.value} bytes (${measured.reason ?? 'measured by the scorer'})`,
        `before loading ${before} bytes`,
      ],
    },
  ];
}
