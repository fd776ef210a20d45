import {Subject, type Observable} from 'rxjs';
import type {ByteString} from './byte-string.ts';
import type {Connection} from './connection.ts';
import {Dispatcher, type RequestTrace} from './dispatcher.ts';
import type {RingAccess} from './domain-ring.ts';
import {InProcessConnection} from './in-process.ts';
import {Introductions} from './introductions.ts';
import type {Quota} from './quota.ts';
import {Store} from './store.ts';
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
  readonly onRequest?: (trace: RequestTrace) => void;
  /** Asked at each commit; true lets it fail with EAGAIN although nothing conflicts. */
  readonly conflictFault?: () => boolean;
  readonly quota?: Partial<Quota>;
}

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
  private readonly events = new Subject<readonly WatchEvent[]>();
  private batch: WatchEvent[] = [];

  constructor(options: XenstoredOptions = {}) {
    const {domainExists = () => true, introduceHook, defer = queueMicrotask, onRequest, conflictFault, quota} = options;
    this.store = new Store({domainExists, quota, conflictFault, onEvent: (...event) => this.recordEvent(...event)});
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
      onRequest,
      onFlushed: () => this.publishEvents(),
    });
    this.introductions = new Introductions(this.store, this.dispatcher);
  }

  /** Watch events as they are queued, a batch a drained input. Hot; costs nothing while nobody subscribes. */
  get events$(): Observable<readonly WatchEvent[]> {
    return this.events;
  }

  /** The whole tree as it is now; it stays so. */
  snapshot(): StoreNode {
    return this.store.tree.snapshot();
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
