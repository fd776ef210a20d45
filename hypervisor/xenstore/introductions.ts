import type {Dispatcher} from './dispatcher.ts';
import type {Domain} from './domains.ts';
import {featuresOf} from './features.ts';
import {DomainRing, type RingAccess} from './domain-ring.ts';
import {INTRODUCE_DOMAIN, RELEASE_DOMAIN, type Store} from './store.ts';

/** Offset in the page. @see xs_wire.h, struct xenstore_domain_interface */
const FEATURES = 2064;

/** The life of domains in the store: introduced, shut down, gone. */
export class Introductions {
  private readonly store: Store;
  private readonly dispatcher: Dispatcher;
  private readonly rings = new Map<number, DomainRing>();

  constructor(store: Store, dispatcher: Dispatcher) {
    this.store = store;
    this.dispatcher = dispatcher;
  }

  /** Closes the ring of a domain that is about to be introduced again. @returns whether it is one */
  prepare(domId: number): boolean {
    this.rings.get(domId)?.dropped();
    this.rings.delete(domId);
    return this.store.domains.findIntroduced(domId) !== undefined;
  }

  /** A domain that is introduced already starts afresh, on a new ring if there is one. */
  introduce(domId: number, access: RingAccess | undefined): void {
    const isNew = !this.prepare(domId);
    const domain = this.store.domains.know(domId);
    domain.introduced = true;
    this.store.domains.version++;
    const connection = (domain.connection ??= this.dispatcher.connect(`dom${domId}`, domId, domain));
    if (isNew) {
      this.store.writeRate?.admit(domain);
      this.store.fireSpecial(INTRODUCE_DOMAIN, domId);
    }
    this.dispatcher.reset(connection);
    if (access === undefined) return;
    this.offerFeatures(domain, access);
    const ring = new DomainRing(this.dispatcher, connection, access);
    connection.outlet = ring;
    this.rings.set(domId, ring);
  }

  /** The daemon of 4.17 offers none. */
  private offerFeatures(domain: Domain, {page: {u32, offset}}: RingAccess): void {
    if (this.store.profile === 'current') u32[(offset + FEATURES) >>> 2] = featuresOf(domain);
  }

  ring(domId: number): DomainRing | undefined {
    return this.rings.get(domId);
  }

  /** The domain goes with its connections and nodes; its watchers are told. */
  remove(domId: number): void {
    const domain = this.store.domains.find(domId);
    if (domain === undefined || domId === 0) return;
    this.rings.delete(domId);
    domain.connection = undefined;
    for (const connection of this.dispatcher.connectionsOf(domain)) this.dispatcher.drop(connection);
    this.store.forgetDomain(domain);
    if (domain.introduced) this.store.fireSpecial(RELEASE_DOMAIN, domId);
  }

  /** Tells of a shutdown or crash, once. */
  shutdown(domId: number): void {
    const domain = this.store.domains.findIntroduced(domId);
    if (domain === undefined || domain.shutdown) return;
    domain.shutdown = true;
    this.store.domains.version++;
    this.store.fireSpecial(RELEASE_DOMAIN, domId);
  }
}
