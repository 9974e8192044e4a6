import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { isPublicAddress } from './public-address.js';
import { UpstreamFailure } from './upstream-failure.js';

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Name resolution that knows public addresses only. The connection is made to what was checked, so there is no second answer. */
export function lookUpPublic(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  lookup(hostname, options, (error, address, family) => {
    if (error !== null) return callback(error, address, family);
    const addresses = Array.isArray(address) ? address.map(entry => entry.address) : [address];
    if (addresses.every(isPublicAddress)) return callback(null, address, family);
    return callback(new UpstreamFailure('refused', { source: hostname, cause: 'private address' }), '');
  });
}
