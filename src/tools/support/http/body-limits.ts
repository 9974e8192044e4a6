import { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { firstChars } from '../../../lib/text.js';
import { UpstreamFailure } from './upstream-failure.js';

/** What we say we take; another encoding, or several over each other, is refused. */
export const ACCEPT_ENCODING = 'gzip, deflate, br';

/**
 * What a body goes through before it is kept: unpacked if it is packed, and counted, so that neither a long answer nor a
 * small one that unpacks to a huge one gets any further than `maxBytes`.
 */
export function bodyLimits(encoding: string, maxBytes: number, source: string): Transform[] {
  return [...unpack(encoding.trim().toLowerCase(), source), limitBytes(maxBytes, source)];
}

function unpack(encoding: string, source: string): Transform[] {
  switch (encoding) {
    case '':
    case 'identity':
      return [];
    case 'gzip':
    case 'x-gzip':
      return [createGunzip()];
    case 'deflate':
      return [createInflate()];
    case 'br':
      return [createBrotliDecompress()];
    default:
      throw new UpstreamFailure('garbage', { source, cause: `content-encoding ${firstChars(encoding, 40)}` });
  }
}

function limitBytes(maxBytes: number, source: string): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      bytes += chunk.length;
      if (bytes > maxBytes) callback(new UpstreamFailure('too_large', { source }));
      else callback(null, chunk);
    },
  });
}
