import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {IoDevice} from '../bus/index.ts';
import {readPart, type RegisterRow} from './register-array.ts';

const STATISTICS_AT = 0x4000;
const STATISTICS_BYTES = 0x100;

const TWO_32 = 2 ** 32;
const MAX_U32 = TWO_32 - 1;
const FCS_BYTES = 4;

/**
 * The statistics registers by their offsets: each is cleared by reading it, and stays at its maximum. The others of the block
 * count collisions, damaged frames and flow control, of which there is none, and read as 0.
 * @see SDM, "Statistics Registers"
 */
const offsets = {
  MPC: 0x10,
  PRC64: 0x5c,
  GPRC: 0x74,
  BPRC: 0x78,
  MPRC: 0x7c,
  GPTC: 0x80,
  GORC: 0x88,
  GOTC: 0x90,
  RNBC: 0xa0,
  ROC: 0xac,
  TOR: 0xc0,
  TOT: 0xc8,
  TPR: 0xd0,
  TPT: 0xd4,
  PTC64: 0xd8,
  MPTC: 0xf0,
  BPTC: 0xf4,
  TSCTC: 0xf8,
  TSCTFC: 0xfc,
} as const;

export type Statistic = keyof typeof offsets;

/** 64 bits: the lower half, then the upper one, of which a read clears both. */
const wide: readonly Statistic[] = ['GORC', 'GOTC', 'TOR', 'TOT'];
const wideLow: ReadonlySet<number> = new Set(wide.map((name) => offsets[name]));
const wideHigh: ReadonlySet<number> = new Set(wide.map((name) => offsets[name] + 4));

/** Upper ends of the classes of sizes, with FCS, that PRC64 and PTC64 begin. */
const sizeClasses = [64, 127, 255, 511, 1023, Infinity] as const;

export class Statistics implements IoDevice {
  /** By offset; numbers of 64 bits where their lower half is. */
  private readonly values = new Float64Array(STATISTICS_BYTES);

  get row(): RegisterRow {
    return {start: STATISTICS_AT, bytes: STATISTICS_BYTES, device: this};
  }

  count(name: Statistic, by = 1): void {
    this.add(offsets[name], by);
  }

  countReceived(frame: Uint8Array): void {
    this.count('GPRC');
    this.count('TPR');
    this.countOctets(frame, 'GORC', 'TOR', offsets.PRC64);
    this.countGroup(frame, 'BPRC', 'MPRC');
  }

  countSent(frame: Uint8Array): void {
    this.count('GPTC');
    this.count('TPT');
    this.countOctets(frame, 'GOTC', 'TOT', offsets.PTC64);
    this.countGroup(frame, 'BPTC', 'MPTC');
  }

  reset(): void {
    this.values.fill(0);
  }

  read(offset: number, size: IoSize): number {
    const at = offset & ~3;
    return readPart(this.take(at), offset, size);
  }

  /** They are read only. */
  write(): void {
    return undefined;
  }

  toObject(): Record<Statistic, number> {
    const names = Object.keys(offsets) as Statistic[];
    return Object.fromEntries(names.map((name) => [name, this.values[offsets[name]]])) as Record<Statistic, number>;
  }

  private take(at: number): number {
    if (wideLow.has(at)) return this.values[at] % TWO_32;
    const from = wideHigh.has(at) ? at - 4 : at;
    const value = this.values[from];
    this.values[from] = 0;
    return from === at ? value : Math.floor(value / TWO_32);
  }

  private add(at: number, by: number): void {
    const limit = wideLow.has(at) ? Number.MAX_SAFE_INTEGER : MAX_U32;
    this.values[at] = Math.min(this.values[at] + by, limit);
  }

  private countOctets({length}: Uint8Array, good: Statistic, total: Statistic, classes: number): void {
    const bytes = length + FCS_BYTES;
    this.count(good, bytes);
    this.count(total, bytes);
    this.add(classes + sizeClasses.findIndex((end) => bytes <= end) * 4, 1);
  }

  private countGroup(frame: Uint8Array, broadcast: Statistic, multicast: Statistic): void {
    if ((frame[0] & 1) === 0) return;
    this.count(frame.subarray(0, 6).every((byte) => byte === 0xff) ? broadcast : multicast);
  }
}
