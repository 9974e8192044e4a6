import { BlockList, isIP, isIPv4 } from 'node:net';

/** Networks that are nobody's on the internet: private, local, reserved, for documents, for many. RFC 6890 and its successors. */
const CLOSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** IPv6 networks that hold IPv4 addresses (mapped, translated, 6to4, Teredo) are closed as a whole: they could hold a private one. */
const CLOSED_V6 = [
  '::/96',
  '::ffff:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

const closedV4 = blockList(CLOSED_V4, 'ipv4');
const closedV6 = blockList(CLOSED_V6, 'ipv6');

/** A list for each family: Node's takes every IPv4 address for one of `::ffff:0:0/96`. */
function blockList(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** Whether an IP address belongs to a host on the open internet. Anything that is no address is not public. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  return isIPv4(address) ? !closedV4.check(address, 'ipv4') : !closedV6.check(address, 'ipv6');
}
