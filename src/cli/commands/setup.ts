import { z } from 'zod';
import { defineCommand } from '../command.js';
import { readyPython } from '../python-environment-here.js';

export const setup = defineCommand({
  name: 'setup',
  summary: 'make the Python environment that training and scoring need, or with --docker the images',
  details:
    'Several minutes and a few GB, once. The environment is made by itself where a command needs it; images are built only here.',
  options: [
    [
      '--docker',
      'build the images for `--sandbox docker` instead: where contestants work, and where is scored',
    ],
  ],
  examples: [
    ['mlrb setup', 'make it, or say where it is'],
    ['mlrb setup --docker', 'build the images, or say what they are called'],
    [
      'mlrb setup --python-program python3.12 --python-pip-args "--extra-index-url URL"',
      'with another Python, and an index that has smaller builds of PyTorch',
    ],
  ],
  input: z.object({ docker: z.boolean().default(false) }),
  async run({ docker }, context) {
    const { config, print } = context;
    if (docker) {
      const { buildImages } = await import('../docker-images.js');
      for (const name of await buildImages(config, context)) print(`Image: ${name}`);
    } else {
      print(`Python environment: ${await readyPython(config, context)}`);
    }
    return 0;
  },
});
