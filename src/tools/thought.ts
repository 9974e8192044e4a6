import { z } from 'zod';
import { defineTool } from './tool.js';

export const thought = defineTool({
  name: 'thought',
  title: 'Record a thought',
  group: 'mind',
  description: 'Record a thought in the trace of the run. Changes nothing else.',
  input: z.strictObject({ thought: z.string().describe('The thought.') }),
  output: z.object({ recorded: z.boolean() }),
  effect: 'writes',
  needs: 'run',
  handle: async () => ({ text: 'Noted.', data: { recorded: true } }),
});
