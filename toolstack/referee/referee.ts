import {type Observable, Subject} from 'rxjs';
import type {Hypervisor} from '../../hypervisor/index.ts';
import type {TracePoint, TraceRecord} from '../../hypervisor/trace/index.ts';
import type {RequestTrace} from '../../hypervisor/xenstore/index.ts';
import {type Breach, Breaches} from './breach.ts';
import {DeviceBook} from './device.ts';
import {GrantWatch} from './grant-watch.ts';
import {type Ledger, Ledgers} from './ledgers.ts';
import {PortBook} from './port-book.ts';
import {Rings} from './rings.ts';
import {StoreChanges} from './store-changes.ts';
import {XenbusRules} from './xenbus-rules.ts';

export interface RefereeOptions {
  /** Watches only domains that `watch` names; otherwise all. */
  readonly onlyNamed?: boolean;
}

/**
 * Watches a running host: what both ends of each device do to the store, to rings, grants and event channels is judged by
 * the clauses as it happens. It only looks: at the store's requests, at trace points, and at shared pages between any two
 * tasks of the host. So it makes no difference whose kernel a guest runs.
 */
export class Referee {
  private readonly xen: Hypervisor;
  private readonly named: Set<number> | undefined;
  private readonly found: Breaches;
  private readonly accounts = new Subject<Ledger>();
  private readonly grants: GrantWatch;
  private readonly ports = new PortBook();
  private readonly rings: Rings;
  private readonly ledgerBook: Ledgers;
  private readonly xenbus: XenbusRules;
  private readonly changes: StoreChanges;
  private readonly removeSink: () => void;

  /** Begins to watch at once. The store's requests have to be brought to `onRequest`. */
  constructor(xen: Hypervisor, {onlyNamed = false}: RefereeOptions = {}) {
    this.xen = xen;
    this.named = onlyNamed ? new Set() : undefined;
    const isWatched = (domid: number): boolean => this.named?.has(domid) ?? true;
    const book = new DeviceBook(isWatched);
    this.found = new Breaches(() => xen.schedule.now());
    this.grants = new GrantWatch({xen, book, breaches: this.found, isWatched, look: () => this.rings.look()});
    this.rings = new Rings(xen, this.found, this.grants);
    this.ledgerBook = new Ledgers(xen, this.grants, this.ports, (ledger) => this.accounts.next(ledger));
    const {found: breaches, grants, ports, rings} = this;
    this.xenbus = new XenbusRules({xen, book, breaches, grants, ports, rings});
    this.changes = new StoreChanges((changes) => this.xenbus.commit(changes));
    xen.schedule.between = () => this.rings.between();
    this.removeSink = xen.trace.addSink(this.onRecord);
  }

  /** Clauses that were broken, as that happens. */
  get breaches(): Observable<Breach> {
    return this.found.all;
  }

  /** What each domain has left behind, some time after its end. */
  get ledgers(): Observable<Ledger> {
    return this.accounts;
  }

  /** From now on this domain is watched, which has no devices yet. */
  watch(domid: number): void {
    this.named?.add(domid);
  }

  onRequest(request: RequestTrace): void {
    this.rings.look();
    this.changes.take(request);
  }

  /** Watches no more. Accounts that are open are closed now. */
  close(): void {
    this.removeSink();
    this.xen.schedule.between = undefined;
    this.ledgerBook.close();
  }

  private readonly onRecord = (record: TraceRecord): void => {
    this.handlers[record.point]?.(record.domid, record.values);
  };

  private readonly handlers: Partial<Record<TracePoint, (domid: number, values: TraceRecord['values']) => void>> = {
    evtchn_send: (domid, [port, remote, remotePort]) =>
      this.rings.sent(domid, Number(port), Number(remote), Number(remotePort)),
    gnttab_map: (domid, [granter, ref, flags, result]) =>
      this.grants.mapped(domid, Number(granter), Number(ref), Number(flags), Number(result)),
    gnttab_unmap: (domid, [handle, result]) => this.unmapped(domid, Number(handle), Number(result)),
    fault: (_domid, [kind]) => this.grants.fault(String(kind)),
    domain_dying: (domid) => this.dying(domid),
    domain_destroy: (domid) => this.ledgerBook.destroyed(domid),
  };

  private unmapped(mapper: number, handle: number, result: number): void {
    const mapping = this.grants.unmapped(mapper, handle, result);
    if (mapping !== undefined) this.rings.unmapped(mapper, mapping.granter.id, mapping.ref);
  }

  private dying(domid: number): void {
    if (this.named?.has(domid) === false) return;
    this.ledgerBook.dying(domid, this.rings.spuriousOf(domid));
    this.xenbus.guestEnds(domid);
    this.rings.forgetGuest(domid);
    this.grants.forgetGuest(domid);
    this.ports.forgetGuest(domid);
    this.named?.delete(domid);
  }
}
