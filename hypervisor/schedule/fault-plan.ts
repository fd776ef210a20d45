import {Random} from './random.ts';

/** Faults that the hypervisor and the backends can inject, each a probability 0..1 at every occasion. */
export interface FaultRates {
  /** An event is never delivered. */
  lostEvent: number;
  /** An event is delivered after a delay. */
  lateEvent: number;
  /** A grant map or copy fails with GNTST_general_error. */
  refusedGrant: number;
  /** A read or write of a disk image fails with EIO. */
  ioError: number;
  /** A transaction ends with EAGAIN although nothing conflicts. */
  storeConflict: number;
}

const noFaults: FaultRates = {lostEvent: 0, lateEvent: 0, refusedGrant: 0, ioError: 0, storeConflict: 0};
const MAX_DELAY_NS = 2e6;

/** Draws faults from a seed of its own, so that a plan of zeros leaves a run as it was. */
export class FaultPlan {
  /** Looked at before each occasion: a host without faults pays one load. */
  readonly active: boolean;
  readonly rates: FaultRates;
  private readonly chance: Random;
  private readonly onHit: (kind: keyof FaultRates) => void;

  /** `onHit` is told of each fault. */
  constructor(rates: Partial<FaultRates> = {}, seed = 0, onHit: (kind: keyof FaultRates) => void = () => undefined) {
    this.onHit = onHit;
    this.rates = {...noFaults, ...rates};
    this.active = Object.values(this.rates).some((rate) => rate > 0);
    this.chance = new Random(seed + 0xfa017);
  }

  hit(kind: keyof FaultRates): boolean {
    if (this.rates[kind] === 0 || !this.chance.chance(this.rates[kind])) return false;
    this.onHit(kind);
    return true;
  }

  /** Delay of a late event, up to 2 ms. */
  delayNs(): number {
    return this.chance.below(MAX_DELAY_NS);
  }
}
