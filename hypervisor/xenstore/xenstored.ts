import {Subject, type Observable} from 'rxjs';
import {NS_PER_S} from '../schedule/index.ts';
import type {ByteString} from './byte-string.ts';
import type {Connection} from './connection.ts';
import {Dispatcher, type RequestTrace} from './dispatcher.ts';
import type {StoreClock} from './guest-clock.ts';
import type {RingAccess} from './domain-ring.ts';
import {InProcessConnection} from './in-process.ts';
import {Introductions} from './introductions.ts';
import type {Quota} from './quota.ts';
import {Recorder, replayBatch, type Journal, type JournalBatch} from './journal.ts';
import {
  countNodes,
  loadNodes,
  loadStore,
  saveNodes,
  saveStore,
  type SavedNodes,
  type SavedStore,
} from './saved-store.ts';
import {Store, type Profile} from './store.ts';
import type {StoreNode} from './tree.ts';
import type {XsErrno} from './wire.ts';

export interface WatchEvent {
  /** Whom it was sent to: the label of the connection. */
  readonly connection: string;
  /** As the watcher sees it, possibly relative; one byte a character. */
  readonly path: ByteString;
  readonly token: ByteString;
}

export interface XenstoredOptions {
  /** Whether the hypervisor has the domain. Default: it has all. */
  readonly domainExists?: (domId: number) => boolean;
  /**
   * XS_INTRODUCE: maps the domain's ring page and binds its port; called again when the domain is introduced again, after
   * the access of before has been closed. Default: the domain is introduced without a ring.
   */
  readonly introduceHook?: (domId: number, gfn: number, port: number) => RingAccess | XsErrno | undefined;
  /** Runs a task soon, but not within the call. Default: a microtask. */
  readonly defer?: (task: () => void) => void;
  /** Times guests: how fast they write, how long their events wait. Default: they take the time they like. */
  readonly clock?: StoreClock;
  /** An event that a guest does not take is dropped after this, 1..Infinity. Default: 20 s. */
  readonly eventTimeoutNs?: number;
  readonly onRequest?: (trace: RequestTrace) => void;
  /** Takes lines of text: what CONTROL print, check and memreport have to say. */
  readonly log?: (line: string) => void;
  /** CONTROL logfile and memreport: adds a line to the file that they name, if it can. Default: they are refused. */
  readonly appendToFile?: (path: ByteString, line: string) => boolean;
  /** Keeps what changes: sees each change before anybody else can learn that it was made. */
  readonly journal?: Journal;
  /** Asked at each commit; true lets it fail with EAGAIN although nothing conflicts. */
  readonly conflictFault?: () => boolean;
  readonly quota?: Partial<Quota>;
  /** Default: c-4.17. */
  readonly profile?: Profile;
}

/** @see xenstored(8), --timeout */
const EVENT_TIMEOUT_NS = 20 * NS_PER_S;

/**
 * The store daemon, without its sockets. A new store holds `/`, `/tool` and `/tool/xenstored`.
 *
 * Requests are answered within the call that brings them; only delivery to in-process connections is deferred.
 */
export class Xenstored {
  /** The way in for a transport of its own. */
  readonly dispatcher: Dispatcher;
  private readonly store: Store;
  private readonly introductions: Introductions;
  private readonly recorder: Recorder | undefined;
  private readonly events = new Subject<readonly WatchEvent[]>();
  private batch: WatchEvent[] = [];

  constructor(options: XenstoredOptions = {}) {
    const {
      domainExists = () => true,
      introduceHook,
      defer = queueMicrotask,
      clock,
      eventTimeoutNs = EVENT_TIMEOUT_NS,
      onRequest,
      conflictFault,
      quota,
      journal,
      log,
      appendToFile,
      profile,
    } = options;
    this.store = new Store({
      profile,
      domainExists,
      quota,
      conflictFault,
      log,
      appendToFile,
      onEvent: (...event) => this.recordEvent(...event),
    });
    this.dispatcher = new Dispatcher({
      store: this.store,
      control: {
        introduce: (domId, gfn, port) => {
          const again = this.introductions.prepare(domId);
          const access = introduceHook?.(domId, gfn, port);
          const refused = typeof access === 'string';
          // Introduced already, it is so without a ring: the daemon takes no notice either.
          if (refused && !again) return access;
          this.introductions.introduce(domId, refused ? undefined : access);
          return undefined;
        },
        release: (domId) => this.introductions.remove(domId),
      },
      defer,
      clock,
      eventTimeoutNs,
      onRequest,
      onFlush: () => this.recorder?.commit(),
      onFlushed: () => this.publishEvents(),
    });
    this.introductions = new Introductions(this.store, this.dispatcher);
    if (journal !== undefined) this.recorder = new Recorder(this.store, journal);
  }

  /** Watch events as they are queued, a batch a drained input. Hot; costs nothing while nobody subscribes. */
  get events$(): Observable<readonly WatchEvent[]> {
    return this.events;
  }

  /** The whole tree as it is now; it stays so. */
  snapshot(): StoreNode {
    return this.store.tree.snapshot();
  }

  /** The whole store as JSON, with its connections. What their transports have in hand is theirs to keep. */
  save(): SavedStore {
    return saveStore(this.store, this.dispatcher);
  }

  /** Takes up a saved store; this one must be new. @returns its connections in their order, for transports to be put to */
  load(saved: SavedStore): Connection[] {
    return loadStore(this.store, this.dispatcher, saved);
  }

  /** What lies in the store for good, as JSON: nodes and domains, without connections. */
  saveNodes(): SavedNodes {
    return saveNodes(this.store);
  }

  /** Takes up saved nodes and what a journal has recorded since; this store must be new. Its journal is told of nothing. */
  loadNodes(saved: SavedNodes, since: Iterable<JournalBatch>): void {
    loadNodes(this.store, saved);
    for (const batch of since) replayBatch(this.store, batch);
    countNodes(this.store);
    this.recorder?.forget();
  }

  /** Connects the domains that {@link loadNodes} has brought back, without a ring. */
  reintroduce(): void {
    for (const domId of this.introduced()) this.introductions.introduce(domId, undefined);
  }

  /** The connection of an introduced domain, for a transport of its own instead of a ring. */
  connectionOf(domId: number): Connection | undefined {
    return this.store.domains.findIntroduced(domId)?.connection;
  }

  /**
   * A connection of the host's own code, as dom0, or as another domain beside its ring (rights and quota are that domain's).
   * `label` names it in traces.
   */
  connectInProcess(domId = 0, label = `dom${domId} in process`): InProcessConnection {
    const domain = domId === 0 ? undefined : this.store.domains.know(domId);
    return new InProcessConnection(this.dispatcher, this.dispatcher.connect(label, domId, domain));
  }

  /** Connects a domain over its ring. A domain that is introduced already starts afresh. Fires @introduceDomain once. */
  introduce(domId: number, access?: RingAccess): void {
    this.introductions.introduce(domId, access);
    this.dispatcher.flush();
  }

  /** The domain has kicked its ring's port. */
  onEvent(domId: number): void {
    this.introductions.ring(domId)?.onEvent();
  }

  /** Disconnects a domain and removes the nodes it owns. Fires @releaseDomain. Unknown domains and dom0 stay as they are. */
  release(domId: number): void {
    this.introductions.remove(domId);
    this.dispatcher.flush();
  }

  /** The domain has died: as {@link release}. */
  domainGone(domId: number): void {
    this.release(domId);
  }

  /** The domain has shut down or crashed, but is still there. Fires @releaseDomain, once until RESUME. */
  domainShutdown(domId: number): void {
    this.introductions.shutdown(domId);
    this.dispatcher.flush();
  }

  /** Domains that are introduced, without dom0. */
  introduced(): number[] {
    return Array.from(this.store.domains.all())
      .filter(({domId, introduced}) => introduced && domId !== 0)
      .map(({domId}) => domId);
  }

  isIntroduced(domId: number): boolean {
    return this.store.domains.findIntroduced(domId) !== undefined;
  }

  private recordEvent({label}: Connection, path: ByteString, token: ByteString): void {
    if (this.events.observed) this.batch.push({connection: label, path, token});
  }

  private publishEvents(): void {
    if (this.batch.length === 0) return;
    const {batch} = this;
    this.batch = [];
    this.events.next(batch);
  }
}
