import type { TopLevelSpec } from 'vega-lite';
import { baselineOf } from './attempts-table.js';
import { groupBy, mean, waysOfMeasuring } from './averages.js';
import type { ResultRow } from './result-row.js';

/** A figure as an SVG document. */
export interface Figure {
  /** Of the file, without a folder. */
  readonly name: string;
  readonly svg: string;
}

/**
 * For each task and way of measuring two figures: the runs as bars with their intervals, with lines for the floor and the baseline; and the
 * scores over the time that the runs took. Tasks without a valid score have none.
 */
export async function drawFigures(rows: readonly ResultRow[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const group of comparableGroups(rows)) {
    const stem = `${group.task}-v${group.version}-${group.metric}${group.number === 1 ? '' : `-${group.number}`}`;
    figures.push({ name: fileName(`${stem}-runs`), svg: await draw(barsOf(group)) });
    figures.push({ name: fileName(`${stem}-time`), svg: await draw(timesOf(group)) });
  }
  return figures;
}

interface Group {
  readonly task: string;
  readonly version: number;
  readonly metric: string;
  /** Which of the evaluator's versions, from 1. */
  readonly number: number;
  readonly title: string;
  readonly points: readonly Point[];
  readonly lines: readonly Line[];
}

/** A valid run. Minutes from its start to its end. */
interface Point {
  readonly run: string;
  readonly contestant: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly minutes: number | null;
}

interface Line {
  readonly label: string;
  readonly value: number;
}

function comparableGroups(rows: readonly ResultRow[]): Group[] {
  const valid = rows.filter(({ outcome, value }) => outcome === 'valid' && value !== null);
  return groupBy(valid, ({ task, task_version }) => [task, task_version]).flatMap(ofTask => {
    const ways = waysOfMeasuring(ofTask);
    const before = new Map<string, number>();
    return ways.map(way => {
      const metric = way[0]?.metric ?? '';
      const number = (before.get(metric) ?? 0) + 1;
      before.set(metric, number);
      return groupOf(way, number, rows);
    });
  });
}

function groupOf(way: readonly ResultRow[], number: number, all: readonly ResultRow[]): Group {
  const first = way[0];
  const metric = first?.metric ?? '';
  const better = first?.direction === 'lower_is_better' ? 'lower' : 'higher';
  const hasNote = typeof first?.note === 'string';
  return {
    task: first?.task ?? '',
    version: first?.task_version ?? 0,
    metric,
    number,
    title: `${first?.task}: ${metric} (${better} is better${hasNote ? ', on a sample or other data' : ''})`,
    points: pointsOf(way),
    lines: linesOf(way, all),
  };
}

function pointsOf(way: readonly ResultRow[]): Point[] {
  return groupBy(way, ({ contestant }) => [contestant]).flatMap(own =>
    own
      .toSorted((a, b) => (a.started_at ?? '').localeCompare(b.started_at ?? ''))
      .flatMap(({ contestant, value, interval_95, minutes }, at) =>
        value === null
          ? []
          : {
              run: `${contestant} R${at + 1}`,
              contestant,
              value,
              low: interval_95?.[0] ?? value,
              high: interval_95?.[1] ?? value,
              minutes,
            },
      ),
  );
}

function linesOf(way: readonly ResultRow[], all: readonly ResultRow[]): Line[] {
  const floor = mean(way.flatMap(row => row.floor ?? []));
  const baseline = way[0] === undefined ? null : baselineOf(way[0], all);
  return [
    ...(floor === null ? [] : [{ label: 'untrained', value: floor }]),
    ...(baseline === null
      ? []
      : [{ label: baseline.from === 'paper' ? "paper's baseline" : 'base control', value: baseline.value }]),
  ];
}

function barsOf({ title, metric, points, lines }: Group): TopLevelSpec {
  return {
    title,
    width: { step: 36 },
    height: 240,
    layer: [
      {
        data: { values: [...points] },
        mark: { type: 'bar', opacity: 0.8 },
        encoding: {
          x: { field: 'run', type: 'nominal', sort: null, title: null, axis: { labelAngle: -40 } },
          y: { field: 'value', type: 'quantitative', title: metric },
          color: { field: 'contestant', type: 'nominal', title: 'contestant' },
        },
      },
      {
        data: { values: [...points] },
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: {
          x: { field: 'run', type: 'nominal', sort: null },
          y: { field: 'low', type: 'quantitative' },
          y2: { field: 'high' },
        },
      },
      referenceLines(lines),
    ],
  };
}

function timesOf({ title, metric, points, lines }: Group): TopLevelSpec {
  return {
    title,
    width: 360,
    height: 240,
    layer: [
      {
        data: { values: points.filter(({ minutes }) => minutes !== null) },
        mark: { type: 'point', filled: true, size: 60 },
        encoding: {
          x: { field: 'minutes', type: 'quantitative', title: 'minutes from start to end of the run' },
          y: { field: 'value', type: 'quantitative', title: metric, scale: { zero: false } },
          color: { field: 'contestant', type: 'nominal', title: 'contestant' },
        },
      },
      referenceLines(lines),
    ],
  };
}

function referenceLines(lines: readonly Line[]) {
  return {
    data: { values: [...lines] },
    mark: { type: 'rule' as const, strokeWidth: 1.5, color: 'black' },
    encoding: {
      y: { field: 'value', type: 'quantitative' as const },
      strokeDash: { field: 'label', type: 'nominal' as const, title: 'level' },
    },
  };
}

/** The library takes a third of a second to load: only who wants figures waits for it. */
async function draw(spec: TopLevelSpec): Promise<string> {
  const [{ compile }, vega] = await Promise.all([import('vega-lite'), import('vega')]);
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function fileName(stem: string): string {
  return `${stem.replaceAll(/[^\w@.-]/g, '_')}.svg`;
}
