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
};

/** Size of a node's record in the daemon's data base: header, permissions, value, names of its children with their NULs. */
export const recordBytes = (perms: Permissions, valueBytes: number, listingBytes: number): number =>
  24 + 8 * perms.length + valueBytes + listingBytes;
