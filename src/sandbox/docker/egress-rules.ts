import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ConfigError } from '../../errors.js';

/** What `egress.py` lets through; it documents the fields. */
export interface EgressRules {
  readonly ports: readonly number[];
  readonly deny: readonly string[];
  readonly allow: readonly AllowedNetwork[];
}

export interface AllowedNetwork {
  /** An address, or a network as `10.1.0.0/16`. */
  readonly network: string;
  /** Null: the ports that may be reached anywhere. */
  readonly port: number | null;
}

/** Networks that this host is in, itself included: a public address of its own, and its neighbours', are no business of a run. */
export function hostNetworks(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap(list => list ?? []);
  return [...new Set(all.flatMap(({ cidr }) => (cidr === null ? [] : [cidr])))];
}

const ENTRY = /^(?:\[([^\]]+)\]|([\d.]+))(?:\/(\d{1,3}))?(?::(\d{1,5}))?$/;

/**
 * Entries split at spaces: `10.0.0.5:8080`, `10.1.0.0/16`, `[fd00::1]:443`.
 * @throws ConfigError that names an entry which is none of them.
 */
export function parseAllowed(text: string): readonly AllowedNetwork[] {
  return text
    .split(' ')
    .filter(entry => entry !== '')
    .map(parseEntry);
}

function parseEntry(entry: string): AllowedNetwork {
  const [, six, four, bits, port] = ENTRY.exec(entry) ?? [];
  const address = six ?? four ?? '';
  const isAddress = six === undefined ? isIPv4(address) : isIPv6(address);
  const isWhole = Number(bits ?? 0) <= (six === undefined ? 32 : 128) && Number(port ?? 1) <= 65_535;
  if (!isAddress || !isWhole) {
    throw new ConfigError(
      `docker.egress_allow holds "${entry.slice(0, 60)}", which is no address. Give addresses or networks with or without a port, split at spaces, such as 10.0.0.5:8080 or 10.1.0.0/16 or [fd00::1]:443.`,
    );
  }
  return {
    network: bits === undefined ? address : `${address}/${bits}`,
    port: port === undefined ? null : Number(port),
  };
}
