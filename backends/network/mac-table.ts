/** Value of `port` in an unused slot, and of a lookup that found nothing. */
export const NO_PORT = -1;

const FIRST_SLOTS = 64;
/** A longer search is not worth it: the address counts as unknown, its frames are flooded. */
const MAX_PROBES = 32;
/** A full table looks for old entries at most this often. */
const SWEEP_INTERVAL_NS = 1e9;

export interface MacTableOptions {
  /** Of the hash, so that guests cannot make up addresses that fall together. */
  seed: number;
  /** Addresses it holds at most. */
  limit: number;
  /** An address that has not been seen for so long is unknown. */
  ageingNs: number;
}

export interface MacEntry {
  readonly high: number;
  readonly low: number;
  readonly port: number;
  /** Was put in, not learned: does not age and does not move. */
  readonly fixed: boolean;
  /** When it was last a source. */
  readonly seenNs: number;
}

/**
 * Which port an address was last seen at: an open hash over typed arrays. Addresses are given by macHigh, with the VLAN in the
 * bits above it, and macLow.
 */
export class MacTable {
  private readonly seed: number;
  private readonly limit: number;
  private readonly ageingNs: number;
  private high = new Uint32Array(FIRST_SLOTS);
  private low = new Int32Array(FIRST_SLOTS);
  private ports = new Int32Array(FIRST_SLOTS).fill(NO_PORT);
  /** Infinity for fixed entries. */
  private seenNs = new Float64Array(FIRST_SLOTS);
  private mask = FIRST_SLOTS - 1;
  private used = 0;
  private nextSweepNs = 0;

  constructor(options: MacTableOptions) {
    this.seed = options.seed;
    this.limit = options.limit;
    this.ageingNs = options.ageingNs;
  }

  /** Addresses in the table, old ones that were not swept yet among them. */
  get size(): number {
    return this.used;
  }

  /** The port of an address, or NO_PORT. */
  lookup(high: number, low: number, nowNs: number): number {
    const slot = this.search(high, low);
    return slot >= 0 && this.isFresh(slot, nowNs) ? this.ports[slot] : NO_PORT;
  }

  /** Notes that the address was seen at the port. A full table does not learn. */
  learn(high: number, low: number, port: number, nowNs: number): void {
    const slot = this.search(high, low);
    if (slot < 0) {
      this.insert(high, low, port, nowNs, nowNs);
    } else if (this.seenNs[slot] !== Infinity) {
      this.ports[slot] = port;
      this.seenNs[slot] = nowNs;
    }
  }

  /** Ties the address to the port until the port goes. False when the table is full. */
  fix(high: number, low: number, port: number, nowNs: number): boolean {
    const slot = this.search(high, low);
    if (slot < 0) return this.insert(high, low, port, Infinity, nowNs);
    this.ports[slot] = port;
    this.seenNs[slot] = Infinity;
    return true;
  }

  /** Forgets all addresses of a port that goes away. */
  forgetPort(port: number): void {
    this.rebuild(this.ports.length, (slot) => this.ports[slot] !== port);
  }

  *entries(nowNs: number): IterableIterator<MacEntry> {
    for (let slot = 0; slot < this.ports.length; slot++) {
      if (this.ports[slot] === NO_PORT || !this.isFresh(slot, nowNs)) continue;
      const seenNs = this.seenNs[slot];
      yield {high: this.high[slot], low: this.low[slot], port: this.ports[slot], fixed: seenNs === Infinity, seenNs};
    }
  }

  private isFresh(slot: number, nowNs: number): boolean {
    return nowNs - this.seenNs[slot] <= this.ageingNs;
  }

  /** The slot of an address, or -1. */
  private search(high: number, low: number): number {
    let slot = this.home(high, low);
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      if (this.ports[slot] === NO_PORT) return -1;
      if (this.low[slot] === low && this.high[slot] === high) return slot;
      slot = (slot + 1) & this.mask;
    }
    return -1;
  }

  private insert(high: number, low: number, port: number, seenNs: number, nowNs: number): boolean {
    if (this.used >= this.limit) this.sweep(nowNs);
    if (this.used >= this.limit) return false;
    // At most half full, so that searches stay short.
    if (this.used * 2 >= this.ports.length) this.rebuild(this.ports.length * 2, (slot) => this.isFresh(slot, nowNs));
    return this.place(high, low, port, seenNs);
  }

  private place(high: number, low: number, port: number, seenNs: number): boolean {
    let slot = this.home(high, low);
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      if (this.ports[slot] === NO_PORT) {
        this.high[slot] = high;
        this.low[slot] = low;
        this.ports[slot] = port;
        this.seenNs[slot] = seenNs;
        this.used++;
        return true;
      }
      slot = (slot + 1) & this.mask;
    }
    return false;
  }

  private sweep(nowNs: number): void {
    if (nowNs < this.nextSweepNs) return;
    this.nextSweepNs = nowNs + SWEEP_INTERVAL_NS;
    this.rebuild(this.ports.length, (slot) => this.isFresh(slot, nowNs));
  }

  private rebuild(slots: number, keep: (slot: number) => boolean): void {
    const {high, low, ports, seenNs} = this;
    const kept: number[] = [];
    for (let slot = 0; slot < ports.length; slot++) if (ports[slot] !== NO_PORT && keep(slot)) kept.push(slot);
    this.high = new Uint32Array(slots);
    this.low = new Int32Array(slots);
    this.ports = new Int32Array(slots).fill(NO_PORT);
    this.seenNs = new Float64Array(slots);
    this.mask = slots - 1;
    this.used = 0;
    for (const slot of kept) this.place(high[slot], low[slot], ports[slot], seenNs[slot]);
  }

  /** Murmur's finalizer over both parts: each bit of the address and of the seed moves every bit of the slot. */
  private home(high: number, low: number): number {
    let h = low ^ this.seed;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) ^ high;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) & this.mask;
  }
}
