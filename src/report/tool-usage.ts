import type { TraceEvent } from '../runs/trace.js';
import { type Column, renderMarkdown, renderTable } from './render.js';

/** How often a tool was called over some runs, and what it asked of services outside. */
export interface ToolUsage {
  readonly tool: string;
  readonly calls: number;
  /** Calls that were answered with an error. */
  readonly failed: number;
  /** Requests to services outside, answers from the cache included. */
  readonly requests: number;
  readonly from_cache: number;
  /** Requests that something on a list of the task forbade. */
  readonly off_limits: number;
  readonly bytes: number;
}

/** Usage by tool, most called first. */
export function toolUsage(traces: Iterable<readonly TraceEvent[]>): ToolUsage[] {
  const usage = new Map<string, ToolUsage>();
  for (const events of traces) {
    const toolOfCall = new Map<string, string>();
    for (const event of events) {
      if (event.type === 'tool_call') toolOfCall.set(event.call, event.tool);
      const tool = toolOf(event, toolOfCall);
      if (tool !== undefined) usage.set(tool, counted(usage.get(tool) ?? unused(tool), event));
    }
  }
  return [...usage.values()].sort((a, b) => b.calls - a.calls || a.tool.localeCompare(b.tool));
}

function toolOf(event: TraceEvent, toolOfCall: ReadonlyMap<string, string>): string | undefined {
  if (event.type === 'tool_answer') return event.tool;
  return event.type === 'request' && event.call !== null ? toolOfCall.get(event.call) : undefined;
}

function unused(tool: string): ToolUsage {
  return { tool, calls: 0, failed: 0, requests: 0, from_cache: 0, off_limits: 0, bytes: 0 };
}

const FROM_CACHE: readonly string[] = ['hit', 'revalidated', 'stale', 'joined'];

function counted(before: ToolUsage, event: TraceEvent): ToolUsage {
  if (event.type === 'tool_answer') {
    return { ...before, calls: before.calls + 1, failed: before.failed + Number(!event.ok) };
  }
  if (event.type !== 'request') return before;
  return {
    ...before,
    requests: before.requests + 1,
    from_cache: before.from_cache + Number(FROM_CACHE.includes(event.cache)),
    off_limits: before.off_limits + Number(event.error === 'off_limits'),
    bytes: before.bytes + event.bytes,
  };
}

const COLUMNS: readonly Column<ToolUsage>[] = [
  { heading: 'tool', cell: row => row.tool },
  ...(['calls', 'failed', 'requests', 'from_cache', 'off_limits', 'bytes'] as const).map(key => ({
    heading: key.replace('_', ' '),
    cell: (row: ToolUsage) => (row[key] === 0 ? '–' : row[key].toLocaleString('en-US')),
    right: true,
  })),
];

export function renderToolUsage(rows: readonly ToolUsage[], format: 'table' | 'markdown'): string {
  return format === 'table' ? renderTable(COLUMNS, rows) : renderMarkdown(COLUMNS, rows);
}
