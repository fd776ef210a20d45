import type {ByteString} from './byte-string.ts';
import type {Domain} from './domains.ts';
import {OutQueue, type Outgoing} from './out-queue.ts';
import {domainPath} from './path.ts';
import type {PendingRequest} from './pending-request.ts';
import type {Principal} from './permissions.ts';
import type {Quota} from './quota.ts';
import type {Transaction} from './transaction.ts';
import type {Watch} from './watches.ts';
import {XENSTORE_PAYLOAD_MAX, XS, type XsType} from './wire.ts';

/** The store's side of a transport. */
export interface Outlet {
  /** Something is queued, or the connection may be read again. */
  wake(): void;
  /** The store has dropped the connection. */
  dropped(): void;
  /** A part of the first message in the queue has been delivered. */
  readonly hasBegun?: boolean;
}

export interface ConnectionOptions {
  /** For traces: `dom5`, `socket 2`. */
  readonly label: string;
  readonly serial: number;
  readonly domId: number;
  /** The domain whose quota counts; none for dom0's sockets. */
  readonly domain: Domain | undefined;
  /** The limits that hold now. */
  readonly quota: () => Quota;
  /** When an event that is queued now will be late. */
  readonly eventDeadlineNs: () => number;
  /** Called when something has been queued. */
  readonly onQueued: (connection: Connection) => void;
}

/** A message to be queued. */
type Queued = Omit<Outgoing, 'deadlineNs' | 'next'>;

/** One client: who it is, what it watches, its open transactions and what it has yet to take. */
export class Connection implements Principal {
  readonly label: string;
  readonly serial: number;
  readonly domId: number;
  readonly domain: Domain | undefined;
  readonly privileged: boolean;
  readonly queue = new OutQueue();
  /** Open transactions by id. */
  readonly transactions = new Map<number, Transaction>();
  /** By {@link watchKey}, in order of registration. */
  readonly watches = new Map<string, Watch>();
  outlet: Outlet | undefined;
  /** Its transport is about to be woken. */
  waking = false;
  /** Its domain has broken the protocol: nothing is read from it or sent to it until the domain is gone. */
  ignored = false;
  /** Its requests are left unread until earlier ones are no longer outstanding. */
  stalled = false;
  private readonly quota: () => Quota;
  private readonly eventDeadlineNs: () => number;
  private readonly onQueued: (connection: Connection) => void;
  /** The newest transaction's id. */
  lastTxId = 0;

  constructor(options: ConnectionOptions) {
    const {label, serial, domId, domain, quota, eventDeadlineNs, onQueued} = options;
    this.label = label;
    this.serial = serial;
    this.domId = domId;
    this.domain = domain;
    this.privileged = domId === 0;
    this.quota = quota;
    this.eventDeadlineNs = eventDeadlineNs;
    this.onQueued = onQueued;
  }

  get targetId(): number | undefined {
    return this.domain?.targetId;
  }

  /** Relative paths start at the domain's own directory; those of sockets at dom0's. */
  absolute(path: ByteString): ByteString {
    return path.startsWith('/') || path.startsWith('@') ? path : `${domainPath(this.domId)}/${path}`;
  }

  /** An unused transaction id, 1..2^32-1. */
  nextTxId(): number {
    do this.lastTxId = (this.lastTxId + 1) >>> 0;
    while (this.lastTxId === 0 || this.transactions.has(this.lastTxId));
    return this.lastTxId;
  }

  reply(type: number, reqId: number, txId: number, payload: ByteString, cause: PendingRequest | undefined): void {
    this.enqueue({type, reqId, txId, payload, cause, isEvent: false});
  }

  /**
   * Queues a watch event. An event that is longer than a message is dropped, so is one that waits in the queue already
   * (special events apart), and any for an unprivileged domain that lets its queue grow.
   */
  event(path: ByteString, token: ByteString, cause: PendingRequest | undefined): boolean {
    const payload = `${path}\0${token}\0`;
    if (payload.length > XENSTORE_PAYLOAD_MAX) return false;
    if (!path.startsWith('@') && this.queue.hasEvent(payload)) return false;
    if (!this.privileged && this.queue.sizeBytes >= this.quota().queuedBytes) return false;
    cause?.eventQueued();
    this.enqueue({type: XS.WATCH_EVENT satisfies XsType, reqId: 0, txId: 0, payload, cause, isEvent: true});
    return true;
  }

  /** Takes up what was queued when the store was saved. */
  loadQueued(message: Queued): void {
    if (message.isEvent) message.cause?.eventQueued();
    this.enqueue(message);
  }

  private enqueue({type, reqId, txId, payload, cause, isEvent}: Queued): void {
    const deadlineNs = isEvent && !this.privileged ? this.eventDeadlineNs() : Infinity;
    this.queue.push({type, reqId, txId, payload, cause, isEvent, deadlineNs, next: undefined});
    this.onQueued(this);
  }

  toString(): string {
    return `${this.label}: ${this.watches.size} watches, ${this.transactions.size} transactions, ${this.queue.sizeBytes} bytes queued`;
  }
}

export const watchKey = (path: ByteString, token: ByteString): string => `${path}\0${token}`;
