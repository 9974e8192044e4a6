import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeClient } from '../../helpers/http.js';
import { type LocalService, type Reply, startService } from '../../helpers/local-service.js';

describe('the way out', () => {
  let folder: string;
  let server: LocalService;
  let replies: Record<string, Reply>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlrb-http-'));
    replies = {};
    server = await startService(
      () =>
        ({ pathname }) =>
          replies[pathname] ?? { status: 200, body: `body of ${pathname}` },
    );
  });

  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const sent = (path: string) => server.asked.filter(asked => asked.path === path);
  const make = (options = {}) => makeClient(folder, server.url, options);

  test('a kept answer is given without asking again, also in another process of the same home', async () => {
    await using first = make();
    await first.get('/page');
    await using second = make();
    const answer = await second.get('/page');
    expect((await answer.read()).toString()).toBe('body of /page');
    expect(sent('/page')).toHaveLength(1);
    expect(second.records[0]).toMatchObject({ cache: 'hit', status: 200, bytes: 13 });
  });

  test('an old answer is confirmed by its ETag, without its body', async () => {
    await using me = make();
    await me.get('/page');
    const answer = await me.get('/page', { freshMs: 0 });
    expect((await answer.read()).toString()).toBe('body of /page');
    expect(me.records.map(({ cache }) => cache)).toEqual(['miss', 'revalidated']);
    expect(sent('/page').map(({ outcome }) => outcome)).toEqual(['200', '304']);
  });

  test('what changed replaces what was kept', async () => {
    await using me = make();
    await me.get('/page');
    replies['/page'] = { status: 200, body: 'new' };
    expect((await (await me.get('/page', { freshMs: 0 })).read()).toString()).toBe('new');
    expect((await (await me.get('/page')).read()).toString()).toBe('new');
  });

  test('many who ask the same at once make one request', async () => {
    await using me = make();
    const answers = await Promise.all(Array.from({ length: 35 }, () => me.get('/page')));
    for (const answer of answers) expect((await answer.read()).toString()).toBe('body of /page');
    expect(sent('/page')).toHaveLength(1);
    expect(me.records.filter(({ cache }) => cache === 'joined')).toHaveLength(34);
  });

  test('the service down, an old answer is better than none, and says how old it is', async () => {
    await using me = make();
    await me.get('/page');
    server.fault = () => 'error';
    const answer = await me.get('/page', { freshMs: 0, attempts: 2 });
    expect(answer.staleSince).toBeInstanceOf(Date);
    expect((await answer.read()).toString()).toBe('body of /page');
    expect(me.records.at(-1)).toMatchObject({ cache: 'stale' });
  });

  test('an answer that was damaged on disk is asked for again', async () => {
    await using me = make();
    await me.get('/page');
    const answers = join(folder, 'answers');
    const [name = ''] = (await readdir(answers, { recursive: true })).filter(entry => entry.includes('/'));
    await writeFile(join(answers, name), 'garbage');
    expect((await (await me.get('/page')).read()).toString()).toBe('body of /page');
    expect(sent('/page')).toHaveLength(2);
  });

  test('that there is nothing is kept too', async () => {
    replies['/nothing'] = { status: 404, body: 'no' };
    await using me = make();
    expect((await me.get('/nothing')).status).toBe(404);
    expect((await me.get('/nothing')).status).toBe(404);
    expect(sent('/nothing')).toHaveLength(1);
  });

  test.each(['throttled', 'broken', 'cut', 'error'] as const)(
    'what ended as "%s" is asked again',
    async fault => {
      let left = 2;
      server.fault = () => (left-- > 0 ? fault : undefined);
      await using me = make();
      expect((await (await me.get('/page')).read()).toString()).toBe('body of /page');
      expect(sent('/page')).toHaveLength(3);
    },
  );

  test.each([400, 401, 403, 404, 410, 422, 451])(
    'what was answered with %i is not asked again',
    async status => {
      replies['/page'] = { status, body: '{}' };
      await using me = make();
      expect((await me.get('/page')).status).toBe(status);
      expect(sent('/page')).toHaveLength(1);
    },
  );

  test('a service that says when to come back is left alone until then, by every process', async () => {
    server.fault = () => 'throttled';
    server.throttleHeaders = { 'retry-after': '30' };
    await using me = make();
    const failure = await me.get('/page').catch(error => error);
    expect(failure).toMatchObject({ reason: 'throttled' });
    expect(failure.facts.retryAt - Date.now()).toBeGreaterThan(25_000);
    server.fault = () => undefined;
    await using other = make();
    await expect(other.get('/other')).rejects.toMatchObject({ reason: 'throttled' });
    expect(server.asked).toHaveLength(1);
  });

  test('a service that hangs is given up when the time of the call is over', async () => {
    server.fault = () => 'hang';
    await using me = make();
    await expect(me.get('/page', { deadline: Date.now() + 700 })).rejects.toMatchObject({
      reason: 'timeout',
    });
  });

  test('a caller that goes away ends its wait at once', async () => {
    server.fault = () => 'hang';
    await using me = make();
    const gone = new AbortController();
    const asked = me.get('/page', { signal: gone.signal });
    gone.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
  });

  test('what lingers is there for the next call', async () => {
    let open: (() => void) | undefined;
    const held = new Promise<void>(resolve => {
      open = resolve;
    });
    await using slow = await startService(() => async () => {
      await held;
      return { status: 200, body: 'late' };
    });
    await using me = makeClient(folder, slow.url);
    const hasty = me.get('/paper', { deadline: Date.now() + 200, lingerMs: 10_000 });
    await expect(hasty).rejects.toMatchObject({ reason: 'timeout' });
    open?.();
    expect((await (await me.get('/paper')).read()).toString()).toBe('late');
    expect(slow.asked).toHaveLength(1);
  });

  describe('sizes', () => {
    test.each([
      ['gzip', gzipSync(Buffer.alloc(300_000_000))],
      ['br', brotliCompressSync(Buffer.alloc(300_000_000))],
    ])(
      'a body that unpacks (%s) to more than is taken is refused, and little of it is unpacked',
      async (encoding, body) => {
        replies['/bomb'] = { status: 200, headers: { 'content-encoding': encoding }, body };
        await using me = make();
        const before = process.memoryUsage().rss;
        await expect(me.get('/bomb')).rejects.toMatchObject({ reason: 'too_large' });
        expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
        expect(sent('/bomb')).toHaveLength(1);
      },
    );

    test('packed bodies of an honest size are unpacked', async () => {
      replies['/packed'] = { status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync('hello') };
      await using me = make();
      expect((await (await me.get('/packed')).read()).toString()).toBe('hello');
    });

    test('a body that says it is packed and is not, or in an unknown way, is garbage', async () => {
      replies['/wrong'] = { status: 200, headers: { 'content-encoding': 'gzip' }, body: 'hello' };
      replies['/twice'] = {
        status: 200,
        headers: { 'content-encoding': 'gzip, gzip' },
        body: gzipSync(gzipSync('hello')),
      };
      await using me = make();
      await expect(me.get('/wrong', { attempts: 1 })).rejects.toMatchObject({ reason: 'garbage' });
      await expect(me.get('/twice', { attempts: 1 })).rejects.toMatchObject({ reason: 'garbage' });
    });

    test('a body without end is cut off', async () => {
      replies['/endless'] = { status: 200, endless: true };
      await using me = make();
      await expect(me.get('/endless')).rejects.toMatchObject({ reason: 'too_large' });
    });

    test('the cache gives up what was not asked for longest', async () => {
      await using me = make({ cacheBytes: 25_000 });
      for (let at = 0; at < 10; at += 1) {
        replies[`/${at}`] = { status: 200, body: 'x'.repeat(5000) };
        await me.get(`/${at}`);
      }
      await me.client.cache.tidy();
      await me.get('/9');
      await me.get('/0');
      expect(sent('/9')).toHaveLength(1);
      expect(sent('/0')).toHaveLength(2);
    });
  });

  describe('where requests may go', () => {
    test('keys are not sent on to the host of a redirect', async () => {
      await using other = await startService(() => () => ({ status: 200, body: 'there' }));
      replies['/moved'] = { status: 302, headers: { location: `${other.url}/new` } };
      await using me = make({ trustedOrigins: [server.url, other.url] });
      const answer = await me.get('/moved', {
        headers: { 'x-api-key': 'secret', authorization: 'Bearer secret', accept: 'text/plain' },
      });
      expect((await answer.read()).toString()).toBe('there');
      expect(sent('/moved')[0]?.headers['x-api-key']).toBe('secret');
      expect(other.asked[0]?.headers).toMatchObject({ accept: 'text/plain' });
      expect(JSON.stringify(other.asked[0]?.headers)).not.toContain('secret');
    });

    test('a circle of redirects ends', async () => {
      replies['/a'] = { status: 302, headers: { location: '/b' } };
      replies['/b'] = { status: 302, headers: { location: '/a' } };
      await using me = make();
      await expect(me.get('/a')).rejects.toMatchObject({ reason: 'refused' });
      expect(server.asked.length).toBeLessThan(10);
    });

    test.each([
      'http://10.0.0.1/x',
      'http://127.0.0.1:1/',
      'http://[::1]/',
      'http://[::ffff:7f00:1]/',
      'http://2130706433/',
      'http://localhost/',
      'http://metadata.internal/',
      'https://user:pass@example.org/',
      'ftp://example.org/',
      'file:///etc/passwd',
      'https://example.org:8443/',
      'http://intranet/',
    ])('a redirect to %s is refused', async location => {
      replies['/moved'] = { status: 302, headers: { location } };
      await using me = make();
      await expect(me.get('/moved')).rejects.toMatchObject({ reason: 'refused' });
    });

    test('an address that the rules forbid is not reached by a redirect, nor shown from the cache', async () => {
      replies['/moved'] = { status: 302, headers: { location: '/forbidden' } };
      await using me = make();
      const allow = (url: URL) => {
        if (url.pathname === '/forbidden') throw new Error('off limits');
      };
      await expect(me.get('/moved', { allow })).rejects.toThrow('off limits');
      expect(sent('/forbidden')).toHaveLength(0);
      await me.get('/moved');
      await expect(me.get('/moved', { allow })).rejects.toThrow('off limits');
      expect(me.records.filter(({ error }) => error === 'off_limits')).toHaveLength(2);
    });

    test('keys never reach the disk or the record', async () => {
      await using me = make();
      await me.get('/page?api_key=hush&q=1', { headers: { 'x-api-key': 'hush' } });
      expect(JSON.stringify(me.records)).not.toContain('hush');
      expect(me.records[0]?.url).toContain('q=1');
      const { execFileSync } = await import('node:child_process');
      expect(() => execFileSync('grep', ['-r', 'hush', folder])).toThrow(); // grep finds nothing
    });

    test('a proxy is used where one is set, and private addresses are refused all the same', async () => {
      const seen: string[] = [];
      const proxy = createServer((request, response) => {
        seen.push(request.url ?? '');
        response.end('through the proxy');
      });
      proxy.on('connect', (request, socket) => {
        seen.push(request.url ?? '');
        socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      });
      await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
      const { port } = proxy.address() as AddressInfo;
      await using me = make({
        proxy: `http://127.0.0.1:${port}`,
        noProxy: '127.0.0.1',
        trustedOrigins: [server.url],
      });
      await me.get('http://papers.example/x', { attempts: 1 }).catch(() => undefined);
      expect(seen.join()).toContain('papers.example');
      expect((await (await me.get('/direct')).read()).toString()).toBe('body of /direct');
      await expect(me.get('http://192.168.0.1/x', { attempts: 1 })).rejects.toMatchObject({
        reason: 'refused',
      });
      expect(seen).toHaveLength(1);
      proxy.closeAllConnections();
      proxy.close();
    });
  });
});
