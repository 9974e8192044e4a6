import { type Controls, gainOver, type Played, unsoundness } from './controls.js';
import { type Column, renderMarkdown, renderTable } from './render.js';

/** One line for each task whose controls played, and below it why a task is not sound. */
export function renderControls(tasks: readonly Controls[], format: 'table' | 'markdown'): string {
  const table = (format === 'table' ? renderTable : renderMarkdown)(COLUMNS, tasks);
  const reasons = tasks.flatMap(controls =>
    unsoundness(controls).map(reason => `${controls.task}: ${reason}`),
  );
  return [table, ...(reasons.length === 0 ? [] : ['', ...reasons])].join('\n');
}

const COLUMNS: readonly Column<Controls>[] = [
  { heading: 'task', cell: ({ task }) => task },
  {
    heading: 'metric',
    cell: ({ metric, direction }) => `${metric} ${direction === 'higher_is_better' ? '↑' : '↓'}`,
  },
  { heading: 'nop', cell: ({ played: { nop } }) => nop?.outcome ?? NOT_PLAYED },
  { heading: 'base', cell: ({ played: { base } }) => valueText(base) },
  { heading: 'reference', cell: ({ played: { reference } }) => valueText(reference) },
  { heading: 'cheat', cell: cheatText },
  { heading: 'sound', cell: controls => (unsoundness(controls).length === 0 ? 'yes' : 'no') },
];
const NOT_PLAYED = '–';

function valueText(played: Played | undefined): string {
  if (played === undefined) return NOT_PLAYED;
  const { outcome, value, half_interval } = played;
  if (outcome !== 'valid' || value === null) return outcome;
  return `${value.toFixed(3)}${half_interval === null ? '' : ` ± ${half_interval.toFixed(3)}`}`;
}

function cheatText({ played: { base, cheat }, tricks, direction }: Controls): string {
  if (cheat === undefined) return NOT_PLAYED;
  const refused = tricks === null ? '' : `refused ${tricks.refused} of ${tricks.tried}; `;
  if (cheat.outcome !== 'valid') return `${refused}${[cheat.outcome, ...cheat.broken].join(' ')}`;
  const gain = base === undefined ? null : gainOver(base, cheat, direction);
  const beside = gain === null ? '' : `, gain ${gain.toFixed(3)}`;
  return `${refused}valid, ${valueText(cheat)}${beside}`;
}
