import {map, merge, type Observable, Subject, type Subscription} from 'rxjs';
import type {DomId, Hypervisor} from '../../hypervisor/index.ts';
import type {RequestTrace} from '../../hypervisor/xenstore/index.ts';
import {type Breach, formatBreach, formatLedger, type Ledger, Referee} from '../referee/index.ts';

/** The host's referee: there is none until somebody wants one. */
export class RefereeControl {
  private readonly xen: Hypervisor;
  private readonly found = new Subject<Breach>();
  private readonly accounts = new Subject<Ledger>();
  private referee: Referee | undefined;
  private subscription: Subscription | undefined;

  constructor(xen: Hypervisor) {
    this.xen = xen;
  }

  /** Clauses that were broken. */
  get breaches(): Observable<Breach> {
    return this.found;
  }

  /** What domains have left behind, each some time after its end. */
  get ledgers(): Observable<Ledger> {
    return this.accounts;
  }

  /** Both as lines. */
  get lines(): Observable<string> {
    return merge(this.found.pipe(map(formatBreach)), this.accounts.pipe(map(formatLedger))).pipe(
      map((line) => `referee: ${line}`),
    );
  }

  /** All domains are watched. */
  watchAll(): void {
    this.employ(new Referee(this.xen));
  }

  /** This one is, which has no devices yet. */
  watch(domid: DomId): void {
    if (this.referee === undefined) this.employ(new Referee(this.xen, {onlyNamed: true}));
    this.referee?.watch(domid);
  }

  onRequest(request: RequestTrace): void {
    this.referee?.onRequest(request);
  }

  close(): void {
    this.referee?.close();
    this.referee = undefined;
    this.subscription?.unsubscribe();
    this.found.complete();
    this.accounts.complete();
  }

  private employ(referee: Referee): void {
    this.referee = referee;
    this.subscription = referee.breaches.subscribe((breach) => this.found.next(breach));
    this.subscription.add(referee.ledgers.subscribe((ledger) => this.accounts.next(ledger)));
  }
}
