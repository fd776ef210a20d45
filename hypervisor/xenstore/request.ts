import type {ByteString} from './byte-string.ts';
import type {Connection} from './connection.ts';
import {isTooLong, parentOf} from './path.ts';
import type {PendingRequest} from './pending-request.ts';
import {refuse, Refusal} from './refusal.ts';
import type {Readable, Store} from './store.ts';
import type {Transaction} from './transaction.ts';
import type {NodeRecord} from './tree.ts';
import type {StoreView} from './view.ts';

/** The payload of the reply, or why there is none. */
export type Reply = ByteString | Refusal;

export const ACK = 'OK\0';

/** One request while it is worked on. */
export class Request {
  readonly store: Store;
  readonly connection: Connection;
  readonly payload: ByteString;
  readonly transaction: Transaction | undefined;
  readonly txId: number;
  /** The store as this request sees it. */
  readonly view: StoreView;
  readonly cause: PendingRequest | undefined;
  /** Runs when the reply is queued. */
  afterReply: (() => void) | undefined;

  constructor(
    store: Store,
    connection: Connection,
    payload: ByteString,
    txId: number,
    transaction: Transaction | undefined,
    cause: PendingRequest | undefined,
  ) {
    this.store = store;
    this.connection = connection;
    this.payload = payload;
    this.txId = txId;
    this.transaction = transaction;
    this.view = transaction ?? store.live;
    this.cause = cause;
  }

  /** The payload as one string: exactly one NUL, at its end. */
  get string(): ByteString | undefined {
    const {payload} = this;
    const nul = payload.indexOf('\0');
    return nul === -1 || nul !== payload.length - 1 ? undefined : payload.slice(0, nul);
  }

  /** The strings that end with a NUL; what is behind the last NUL is dropped. */
  get strings(): ByteString[] {
    return this.payload.split('\0').slice(0, -1);
  }

  /** An event for a change at `path`: now, or when the transaction commits. */
  fire(path: ByteString, node: Readable, exact = false, before?: Readable): void {
    if (this.transaction !== undefined) this.transaction.queueEvent(path, exact);
    else this.store.fire(path, node, exact, this.cause, before);
  }

  /** The node at an absolute path if the connection has the wanted rights on it. */
  node(path: ByteString, wanted: number): NodeRecord | Refusal {
    if (isTooLong(path, this.store.quota.pathBytes)) return refuse.EINVAL;
    const node = this.view.read(path);
    if (node instanceof Refusal) return node === refuse.ENOENT ? this.missing(path, wanted) : node;
    if ((this.store.rights(this.connection, node) & wanted) === wanted) return node;
    const ancestor = this.ancestor(path);
    return ancestor instanceof Refusal ? ancestor : refuse.EACCES;
  }

  /** The nearest ancestor that exists. */
  ancestor(path: ByteString): Ancestor | Refusal {
    let at = path;
    do {
      at = parentOf(at);
      const node = this.view.read(at);
      if (!(node instanceof Refusal)) return {path: at, node};
      if (node !== refuse.ENOENT) return node;
    } while (at !== '/');
    throw new Error('xenstore: no root');
  }

  /** Whoever may not see the place shall not learn that nothing is there. */
  private missing(path: ByteString, wanted: number): Refusal {
    if (this.connection.privileged && this.transaction === undefined) return refuse.ENOENT;
    const ancestor = this.ancestor(path);
    if (ancestor instanceof Refusal) return ancestor;
    return (this.store.rights(this.connection, ancestor.node) & wanted) === 0 ? refuse.EACCES : refuse.ENOENT;
  }
}

export interface Ancestor {
  readonly path: ByteString;
  readonly node: NodeRecord;
}
