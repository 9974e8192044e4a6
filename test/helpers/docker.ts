import { execFileSync } from 'node:child_process';
import { DockerBackend } from '../../src/sandbox/docker/docker-backend.js';

export const SOCKET = '/var/run/docker.sock';
/** A small image with Python, as `.ci/run` has one; or any other that is named. */
export const TEST_IMAGE = process.env.MLRB_TEST_IMAGE ?? 'mlrb-base:bookworm';

/** Why tests that need Docker cannot run here; undefined where they can. */
export const dockerLack: string | undefined = findLack();

/** Name of a group of tests, with what is missing where they are skipped. */
export function needsDocker(name: string): string {
  return dockerLack === undefined ? name : `${name} (skipped: ${dockerLack})`;
}

export function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

export function dockerBackend(home: string, image = TEST_IMAGE): DockerBackend {
  return new DockerBackend({ socket: SOCKET, image: async () => image, home });
}

function findLack(): string | undefined {
  try {
    docker('version', '--format', '{{.Server.Version}}');
  } catch {
    return 'no Docker engine answers';
  }
  try {
    docker('image', 'inspect', '--format', '{{.Id}}', TEST_IMAGE);
    return undefined;
  } catch {
    return `the image ${TEST_IMAGE} is not there`;
  }
}
