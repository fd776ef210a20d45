import type {ByteString} from './byte-string.ts';
import type {Permissions} from './permissions.ts';

/** Limits on unprivileged domains. @see xenstored(8), --entry-nb and its neighbours */
export interface Quota {
  /** Nodes that a domain owns. */
  readonly nodes: number;
  /** Watches; one more fits. */
  readonly watches: number;
  /** Open transactions; one more fits. */
  readonly transactions: number;
  /** Nodes that one transaction touches. */
  readonly transactionNodes: number;
  /** A record of this size (see {@link recordBytes}) is too big. */
  readonly recordBytes: number;
  readonly permissions: number;
  /** Requests whose reply or events have not been taken yet. */
  readonly outstanding: number;
  /** Replies and events queued for a connection that does not take them. */
  readonly queuedBytes: number;
  /** Over this the log is told, if there is a clock. */
  readonly softQueuedBytes: number;
  /** Length of a path, without its `/local/domain/<n>/` where it starts so. Not what xs_wire.h says. */
  readonly pathBytes: number;
}

/** The daemon's defaults. */
export const DEFAULT_QUOTA: Quota = {
  nodes: 1000,
  watches: 128,
  transactions: 10,
  transactionNodes: 1024,
  recordBytes: 2048,
  permissions: 5,
  outstanding: 20,
  queuedBytes: 2.5 * 1024 * 1024,
  softQueuedBytes: 2 * 1024 * 1024,
  pathBytes: 2048,
};

interface QuotaName {
  /** As CONTROL names it. */
  readonly name: string;
  readonly key: keyof Quota;
  readonly about: string;
  readonly command: 'quota' | 'quota-soft';
}

export const QUOTA_NAMES: readonly QuotaName[] = [
  {name: 'nodes', key: 'nodes', about: 'Nodes per domain', command: 'quota'},
  {name: 'watches', key: 'watches', about: 'Watches per domain', command: 'quota'},
  {name: 'transactions', key: 'transactions', about: 'Transactions per domain', command: 'quota'},
  {name: 'outstanding', key: 'outstanding', about: 'Outstanding requests per domain', command: 'quota'},
  {
    name: 'transaction-nodes',
    key: 'transactionNodes',
    about: 'Max. number of accessed nodes per transaction',
    command: 'quota',
  },
  {name: 'memory', key: 'queuedBytes', about: 'Total Xenstore memory per domain (error level)', command: 'quota'},
  {name: 'node-size', key: 'recordBytes', about: 'Max. size of a node', command: 'quota'},
  {name: 'path-max', key: 'pathBytes', about: 'Max. length of a node path', command: 'quota'},
  {name: 'permissions', key: 'permissions', about: 'Max. number of permissions per node', command: 'quota'},
  {
    name: 'memory',
    key: 'softQueuedBytes',
    about: 'Total Xenstore memory per domain (warning level)',
    command: 'quota-soft',
  },
];

export const formatQuotas = (quota: Quota, names: readonly QuotaName[]): ByteString =>
  `Quota settings:\n${names
    .map(({name, key, about}) => `${name.padEnd(17)}: ${String(quota[key]).padStart(8)} ${about}\n`)
    .join('')}`;

/** Size of a node's record in the daemon's data base: header, permissions, value, names of its children with their NULs. */
export const recordBytes = (perms: Permissions, valueBytes: number, listingBytes: number): number =>
  24 + 8 * perms.length + valueBytes + listingBytes;
