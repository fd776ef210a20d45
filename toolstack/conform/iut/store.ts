import type {Profile, RingPage, XsTransport} from '../../../hypervisor/xenstore/index.ts';
import type {Rig} from '../rig.ts';
import type {Layer} from '../seam/layer.ts';
import type {Seam} from '../seam/seam.ts';

/** A domain's store page, and the events that go with it. */
export interface StorePage {
  /** A u32 of the page, at a byte offset. */
  get(offset: number): number;
  set(offset: number, value: number): void;
  byte(offset: number): number;
  setByte(offset: number, value: number): void;
  /** Sends the store its event. */
  kick(): void;
  /** Events that the store has sent. */
  readonly events: number;
}

/** A store under test. Its domains are introduced and released by requests of dom0. */
export interface StoreUnderTest {
  /** Of dom0 any number; of a domain one, once it is introduced. Undefined: there is no way in for domains. */
  connect(domid: number): Promise<XsTransport | undefined>;
  /** A domain comes to be; before it is introduced. */
  createDomain(domid: number): void;
  /** The page of an introduced domain, which then talks over it and not by `connect`. Undefined: out of reach. */
  page(domid: number): StorePage | undefined;
  close(): Promise<void>;
}

/** Opens a store for one run: fresh, or what is there. `seam` is for pages that the store maps. */
export type StoreOpener = (rig: Rig, seam: Seam, profile: Profile | undefined) => Promise<StoreUnderTest>;

/** What a mutant of a store may change besides messages. */
export interface StoreLayer extends Layer {
  /** Who a domain is taken for. */
  readonly asDomain?: (domid: number) => number;
}

/** A client's end of a store page. */
export interface StoreClientRing extends XsTransport {
  /** The store has sent its event. */
  onEvent(): void;
}

/** Opens a client on a page; `notify` sends the store its event. */
export type StoreClientOpener = (page: RingPage, notify: () => void) => StoreClientRing;
