import type {ByteString} from './byte-string.ts';
import {Connection} from './connection.ts';
import type {DomainControl} from './domain-requests.ts';
import type {Domain} from './domains.ts';
import {GuestClock, type StoreClock} from './guest-clock.ts';
import {PendingRequest} from './pending-request.ts';
import {refuse, Refusal} from './refusal.ts';
import {Request, type Reply} from './request.ts';
import {REQUESTS} from './requests.ts';
import type {Store} from './store.ts';
import {resetConnection} from './watch-requests.ts';
import {XENSTORE_PAYLOAD_MAX, XS, type XsMessage} from './wire.ts';

/** A request as it was answered. Strings hold one byte a character. */
export interface RequestTrace {
  /** The connection's label: `dom5`, `socket 2`. */
  readonly connection: string;
  /** Of the connection; labels may be the same. */
  readonly serial: number;
  readonly domId: number;
  /** `READ`, `WRITE`, ... or the number of an unknown type. */
  readonly type: string;
  readonly txId: number;
  readonly payload: ByteString;
  readonly reply: Reply;
}

export interface DispatcherOptions {
  readonly store: Store;
  readonly control: DomainControl;
  /** Runs a task soon, but not within the call. */
  readonly defer: (task: () => void) => void;
  readonly onRequest?: (trace: RequestTrace) => void;
  /** Called before each delivery: what it tells of has happened. */
  readonly onFlush: () => void;
  /** Called after each delivery. */
  readonly onFlushed: () => void;
  /** Without one guests write as fast as they like, and their events wait for ever. */
  readonly clock?: StoreClock;
  readonly eventTimeoutNs: number;
}

/** What an answer consists of. */
type Answer = Pick<Request, 'afterReply'> & {readonly reply: Reply};

/** The connections: their requests go to the handlers, replies and events to their queues, and from there to the transports. */
export class Dispatcher {
  private readonly options: DispatcherOptions;
  private readonly connections = new Set<Connection>();
  /** Those with something for their transport. */
  private awake: Connection[] = [];
  private lastSerial = 0;
  private readonly guestClock: GuestClock | undefined;
  private readonly wake = (connection: Connection): void => {
    if (connection.waking) return;
    connection.waking = true;
    this.awake.push(connection);
  };
  private readonly wakeStalled = ({connection}: Domain): void => {
    if (connection?.stalled) this.wake(connection);
  };

  constructor(options: DispatcherOptions) {
    const {clock, eventTimeoutNs, store} = options;
    this.options = options;
    if (clock === undefined) return;
    const wake = (connection: Connection): void => {
      this.wake(connection);
      this.flush();
    };
    this.guestClock = new GuestClock({clock, eventTimeoutNs, store, wake});
    store.writeRate = this.guestClock.rate;
  }

  /** `domain` is the one whose quota counts, if any. The transport sets `outlet`. */
  connect(label: string, domId: number, domain: Domain | undefined): Connection {
    const connection = new Connection({
      label,
      domId,
      domain,
      serial: ++this.lastSerial,
      quota: () => this.options.store.quotaOf(domain),
      eventDeadlineNs: () => this.guestClock?.eventDeadlineNs() ?? Infinity,
      onQueued: this.wake,
    });
    this.connections.add(connection);
    return connection;
  }

  /** All connections, in order of connection. */
  all(): Iterable<Connection> {
    return this.connections;
  }

  /** A request on account of an unprivileged domain. */
  newPending(domain: Domain): PendingRequest {
    return new PendingRequest(domain, this.wakeStalled);
  }

  connectionsOf(domain: Domain): Connection[] {
    return [...this.connections].filter((connection) => connection.domain === domain);
  }

  /** Answers a message into the connection's queue. {@link flush} is due afterwards. */
  dispatch(connection: Connection, {type, reqId, txId, payload}: XsMessage): void {
    const cause = this.pendingRequest(connection);
    const {reply, afterReply} = this.answer(connection, type, txId, payload, cause);
    if (reply instanceof Refusal) connection.reply(XS.ERROR, reqId, txId, `${reply.errno}\0`, cause);
    else connection.reply(type, reqId, txId, reply, cause);
    afterReply?.();
  }

  /** Answers a request as the result of the call. {@link flush} is due afterwards. */
  request(connection: Connection, type: number, txId: number, payload: ByteString): Reply {
    const {reply, afterReply} = this.answer(connection, type, txId, payload, undefined);
    afterReply?.();
    return reply;
  }

  /** Hands what is queued to the transports. */
  flush(): void {
    this.options.onFlush();
    const {awake} = this;
    if (awake.length === 0) return;
    this.awake = [];
    for (const connection of awake) {
      connection.waking = false;
      if (!connection.queue.isEmpty || connection.stalled) connection.outlet?.wake();
      if (!connection.queue.isEmpty) this.guestClock?.watchQueue(connection);
    }
    this.options.onFlushed();
  }

  /** The far end has gone, or is to go. */
  drop(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    const {outlet} = connection;
    connection.outlet = undefined;
    this.reset(connection);
    outlet?.dropped();
  }

  /** Drops the connection's watches, transactions and what is queued. */
  reset(connection: Connection): void {
    resetConnection(this.options.store, connection);
    connection.queue.clear();
  }

  ignore(connection: Connection): void {
    connection.ignored = true;
    this.reset(connection);
  }

  /** Whether a request of the connection is taken now. If not it is woken when one would be. */
  mayRead(connection: Connection): boolean {
    const {domain, privileged} = connection;
    if (privileged || domain === undefined) return true;
    const {outstanding, queuedBytes} = this.options.store.quotaOf(domain);
    const hasRoom = domain.outstanding < outstanding && connection.queue.sizeBytes < queuedBytes;
    this.guestClock?.reportUse(connection, domain);
    connection.stalled = !hasRoom || this.guestClock?.mayRead(connection, domain) === false;
    return !connection.stalled;
  }

  defer(task: () => void): void {
    this.options.defer(task);
  }

  private answer(
    connection: Connection,
    type: number,
    txId: number,
    payload: ByteString,
    cause: PendingRequest | undefined,
  ): Answer {
    const answer = this.handle(connection, type, txId, payload, cause);
    const {onRequest} = this.options;
    if (onRequest !== undefined) {
      const {label, serial, domId} = connection;
      const name = REQUESTS[type]?.name ?? String(type);
      onRequest({connection: label, serial, domId, type: name, txId, payload, reply: answer.reply});
    }
    return answer;
  }

  private handle(
    connection: Connection,
    type: number,
    txId: number,
    payload: ByteString,
    cause: PendingRequest | undefined,
  ): Answer {
    const requestType = REQUESTS[type];
    const known = requestType !== undefined && (!requestType.isNew || this.options.store.profile === 'current');
    if (!known) return refused(refuse.ENOSYS);
    if (requestType.privileged && !connection.privileged) return refused(refuse.EACCES);
    const looksUp = txId !== 0 && !requestType.ignoresTransaction;
    const transaction = looksUp ? connection.transactions.get(txId) : undefined;
    if (looksUp && transaction === undefined) return refused(refuse.ENOENT);
    const request = new Request(this.options.store, connection, payload, txId, transaction, cause);
    const {tree} = this.options.store;
    const before = tree.generation;
    const reply = requestType.handle(request, this.options.control);
    if (transaction === undefined) this.options.store.countWrites(connection, tree.generation - before);
    const tooLong = !(reply instanceof Refusal) && reply.length > XENSTORE_PAYLOAD_MAX;
    return {reply: tooLong ? refuse.E2BIG : reply, afterReply: request.afterReply};
  }

  private pendingRequest({privileged, domain}: Connection): PendingRequest | undefined {
    return privileged || domain === undefined ? undefined : this.newPending(domain);
  }
}

const refused = (refusal: Refusal): Answer => ({reply: refusal, afterReply: undefined});
