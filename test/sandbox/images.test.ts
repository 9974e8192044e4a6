import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { IMAGE_KINDS, type ImageKind, imageName } from '../../src/sandbox/docker/images.js';
import { docker, dockerLack, needsDocker, TEST_IMAGE } from '../helpers/docker.js';

const CONTEXT = join(PACKAGE_ROOT, 'docker');
/** As the tests of whole runs build them. */
const nameOf = (kind: ImageKind) =>
  imageName(kind, { context: CONTEXT, baseImage: TEST_IMAGE, buildArgs: {} });

/** What a Dockerfile says, an instruction each, without comments. */
function instructionsOf(kind: ImageKind): readonly string[] {
  const text = readFileSync(join(CONTEXT, kind, 'Dockerfile'), 'utf8');
  const lines = text.split('\n').filter(line => line.trim() !== '' && !line.startsWith('#'));
  return lines.join('\n').split(/(?<!\\)\n/);
}

describe('the Dockerfiles of the two images', () => {
  test('begin with the same instructions, down to the Python environment, so that its layers are shared', () => {
    const [sandbox, scorer] = [instructionsOf('sandbox'), instructionsOf('eval')];
    const differ = sandbox.findIndex((line, n) => line !== scorer[n]);
    const shared = sandbox.slice(0, differ);
    expect(shared[1]).toMatch(/^FROM /);
    expect(shared.filter(line => line.includes('pip install'))).toHaveLength(1);
    expect(shared.at(-1)).toMatch(/^ENV PATH=/);
  });

  test.each(IMAGE_KINDS)('say for %s who it runs as, and how its health is seen', kind => {
    const said = instructionsOf(kind);
    expect(said.filter(line => line.startsWith('USER '))).toEqual(['USER agent']);
    expect(said.findIndex(line => line.startsWith('USER '))).toBeGreaterThan(
      said.findLastIndex(line => line.startsWith('RUN ')),
    );
    expect(said.some(line => line.startsWith('HEALTHCHECK '))).toBe(true);
  });
});

describe.skipIf(dockerLack)(needsDocker('the images that setup builds'), () => {
  const inspected = async (kind: ImageKind, lacks: (why: string) => void) => {
    const name = await nameOf(kind);
    if (docker('images', '--quiet', name) === '') lacks(`${name} is not built: test/e2e builds it`);
    return { name, ...JSON.parse(docker('image', 'inspect', '--format', '{{json .}}', name)) };
  };

  test('share every layer of the scoring image', async ({ skip }) => {
    const [sandbox, scorer] = await Promise.all(IMAGE_KINDS.map(kind => inspected(kind, skip)));
    const layers: string[] = scorer.RootFS.Layers;
    expect(layers.length).toBeGreaterThan(3);
    expect(sandbox.RootFS.Layers.slice(0, layers.length)).toEqual(layers);
  });

  test.for([...IMAGE_KINDS])('run as an ordinary user and are well: %s', async (kind, { skip }) => {
    const { name, Config } = await inspected(kind, skip);
    expect(Config.User).toBe('agent');
    const [how, ...command] = Config.Healthcheck.Test;
    expect(how).toBe('CMD');
    const inside = ['run', '--rm', '--network', 'none', name];
    expect(docker(...inside, 'id', '--user')).toBe('10001');
    expect(docker(...inside, ...command)).toBe(''); // throws where it fails
  });
});
