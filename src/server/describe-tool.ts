import type { Tool as McpTool, ToolAnnotations } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { CommonOutput, type Effect, type Tool } from '../tools/tool.js';

/** Characters of one answer that Claude Code passes on whole. */
const MAX_RESULT_CHARS = 60_000;

const HINTS: Readonly<Record<Effect, ToolAnnotations>> = {
  reads: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  writes: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  repeatable: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  replaces: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  destroys: { readOnlyHint: false, destructiveHint: true, idempotentHint: false },
};

/** A tool as `tools/list` shows it. */
export function describeTool(tool: Tool): McpTool {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchema(tool),
    outputSchema: outputSchema(tool),
    annotations: {
      title: tool.title,
      ...HINTS[tool.effect],
      openWorldHint: tool.external ?? false,
    },
    _meta: {
      'anthropic/maxResultSizeChars': MAX_RESULT_CHARS,
      ...(tool.essential === true ? { 'anthropic/alwaysLoad': true } : {}),
    },
  };
}

function inputSchema(tool: Tool): McpTool['inputSchema'] {
  return objectSchema(z.toJSONSchema(tool.input, { io: 'input', override: dropSafeIntegerBounds }));
}

function outputSchema(tool: Tool): NonNullable<McpTool['outputSchema']> {
  const output = z.object({ ...CommonOutput.shape, ...tool.output.shape });
  return objectSchema(z.toJSONSchema(output, { io: 'output', override: openAndPlain }));
}

/** What zod says of a whole number says nothing to a model and costs tokens. */
function dropSafeIntegerBounds({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/** Answers may gain fields in a later version without breaking a client that checks them. */
function openAndPlain(context: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  dropSafeIntegerBounds(context);
  delete context.jsonSchema.additionalProperties;
}

const ObjectSchema = z.looseObject({ type: z.literal('object') });

function objectSchema({
  $schema: _dialect,
  ...schema
}: z.core.JSONSchema.BaseSchema): { type: 'object' } & Record<string, unknown> {
  return ObjectSchema.parse(schema);
}
