import type {Grantor} from '../../../hypervisor/grant-table/index.ts';
import type {Hypervisor, HypervisorOps} from '../../../hypervisor/index.ts';
import type {HypercallDoor} from '../../../hypervisor/hypercall/index.ts';
import type {XsMessage} from '../../../hypervisor/xenstore/index.ts';

/** A word of a ring page that the implementation reads or writes. */
export interface SharedWord {
  /** Name of the node that published the page: "ring-ref", "tx-ring-ref". */
  readonly ring: string;
  readonly gfn: number;
  /** Bytes from the start of the page. */
  readonly offset: number;
  /** The page itself, past all layers. */
  readonly page: Uint32Array;
}

/** A call that may be changed, made twice or left out: the real one comes first. */
export type Hook<F> = F extends (...args: infer A) => infer R ? (real: (...args: A) => R, ...args: A) => R : never;

type Hooks<T> = {readonly [K in keyof T as T[K] extends (...args: never) => unknown ? K : never]?: Hook<T[K]>};

/**
 * Something between an implementation and all it can touch: hypervisor operations, its grant entries, ring pages, xenstore
 * messages. A layer without hooks changes nothing. Layers lie on each other; each hook gets the way further in.
 */
export interface Layer {
  /** Changes the hypervisor itself, before any guest is there. */
  readonly host?: (xen: Hypervisor) => void;
  /** A hypercall through the ABI, by its number. */
  readonly hypercall?: Hook<HypercallDoor['call']>;
  readonly ops?: Hooks<HypervisorOps>;
  readonly grantor?: Hooks<Grantor>;
  /** `fetch` gets the word, or another one of the page by its offset in bytes. */
  readonly read?: (word: SharedWord, fetch: (offset?: number) => number) => number;
  readonly write?: (word: SharedWord, value: number, store: (value: number) => void) => void;
  /** A page has been published as a ring, or the peer's was mapped; its bytes may be changed. */
  readonly ringFound?: (ring: string, gfn: number, page: Uint32Array) => void;
  /** A request to the store; `reply` answers it in the store's place. */
  readonly send?: (request: XsMessage, pass: (request: XsMessage) => void, reply: (payload: string) => void) => void;
  /** A reply or event from the store. */
  readonly receive?: (message: XsMessage, pass: (message: XsMessage) => void) => void;
}
