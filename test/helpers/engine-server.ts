import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Something on a Unix socket that speaks as much of a Docker engine's interface as is asked of it before any run. */
export interface EngineServer extends AsyncDisposable {
  readonly socket: string;
}

export interface EngineAnswers {
  /** What differs, in `/info`, from an engine that lacks nothing. */
  readonly info?: Readonly<Record<string, unknown>>;
  /** Whether it knows every image that it is asked for, or none. */
  readonly hasImages?: boolean;
  /** HTTP status of `/info`; `silence`: it takes the call, and that is all. */
  readonly answersWith?: number | 'silence';
}

const COMPLETE = {
  ServerVersion: '28.2.2',
  CgroupVersion: '2',
  Runtimes: { runc: {}, nvidia: {} },
  InitBinary: 'docker-init',
  MemoryLimit: true,
  SwapLimit: true,
  PidsLimit: true,
  CpuCfsQuota: true,
};

export async function startEngine({
  info = {},
  hasImages = true,
  answersWith = 200,
}: EngineAnswers = {}): Promise<EngineServer> {
  const folder = await mkdtemp(join(tmpdir(), 'mlrb-engine-'));
  const socket = join(folder, 'docker.sock');
  const server = createServer(({ url = '' }, response) => {
    if (answersWith === 'silence') return;
    const isImage = url.startsWith('/images/');
    const status = isImage ? (hasImages ? 200 : 404) : url === '/info' ? answersWith : 404;
    const body = status >= 400 ? { message: `no ${url}` } : isImage ? {} : { ...COMPLETE, ...info };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    socket,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
