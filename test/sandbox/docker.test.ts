import { describe } from 'vitest';
import { sandboxContract } from '../contract/sandbox.js';
import { dockerBackend, dockerLack, needsDocker } from '../helpers/docker.js';

describe.skipIf(dockerLack)(needsDocker('with Docker'), () => {
  sandboxContract('the Docker sandbox', () => dockerBackend('/test-home'));
});
