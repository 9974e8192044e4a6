import { z } from 'zod';
import { defineCommand } from '../command.js';
import { readyPython } from '../python-environment-here.js';

export const setup = defineCommand({
  name: 'setup',
  summary: 'make the Python environment that training and scoring need',
  details: 'Done by itself where a command needs it; several minutes and a few GB, once.',
  examples: [
    ['mlrb setup', 'make it, or say where it is'],
    [
      'mlrb setup --python-program python3.12 --python-pip-args "--extra-index-url URL"',
      'with another Python, and an index that has smaller builds of PyTorch',
    ],
  ],
  input: z.object({}),
  async run(_input, { config, signal, progress, print }) {
    print(`Python environment: ${await readyPython(config, { signal, progress })}`);
    return 0;
  },
});
