import { describe, expect, test } from 'vitest';
import { isPublicAddress } from '../../../src/tools/support/http/public-address.js';
import { lookUpPublic } from '../../../src/tools/support/http/public-lookup.js';

describe('addresses that may be reached', () => {
  test.each([
    '8.8.8.8',
    '140.82.121.4',
    '172.15.0.1',
    '172.32.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::200e',
  ])('%s', address => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    'localhost',
    '',
    '0x7f000001',
    '2130706433',
  ])('%s may not', address => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test('a name that resolves to a private address is refused where it is resolved', async () => {
    for (const options of [{}, { all: true }]) {
      const error = await new Promise(resolve => lookUpPublic('localhost', options, resolve));
      expect(error).toMatchObject({ name: 'UpstreamFailure', reason: 'refused' });
    }
  });
});
