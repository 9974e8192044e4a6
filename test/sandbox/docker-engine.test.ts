import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { DockerEngine } from '../../src/sandbox/docker/docker-engine.js';
import { docker, dockerLack, needsDocker, SOCKET, TEST_IMAGE } from '../helpers/docker.js';

describe.skipIf(dockerLack)(needsDocker('an engine that may be silent for so long'), () => {
  test('builds an image though one step says nothing for longer, such as a large download', async () => {
    const limitMs = 5000;
    const context = await mkdtemp(join(tmpdir(), 'mlrb-build-'));
    const name = `mlrb-test-build:${process.pid}`;
    await writeFile(join(context, 'Dockerfile'), `FROM ${TEST_IMAGE}\nRUN sleep ${limitMs / 1000 + 3}\n`);
    try {
      const account = await new DockerEngine(SOCKET, limitMs).withClient(async client =>
        text(await client.buildImage({ context, src: ['Dockerfile'] }, { t: name, nocache: true })),
      );
      expect(account).toContain('Successfully built');
      expect(docker('images', '--quiet', name)).not.toBe('');
    } finally {
      docker('image', 'rm', '--force', name);
      await rm(context, { recursive: true });
    }
  });
});
