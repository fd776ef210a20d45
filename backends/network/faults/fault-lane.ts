import type {HypervisorOps} from '../../../hypervisor/ops.ts';
import {NS_PER_MS, NS_PER_S, Random, type Timer} from '../../../hypervisor/schedule/index.ts';
import {FrameArea} from '../frame-area.ts';
import {FrameBatch} from '../frame-batch.ts';
import type {NetFaults} from './net-faults.ts';

/** How long a frame is held back that others are to overtake. */
const REORDER_NS = 2 * NS_PER_MS;
/** Frames that are late at one time; others are lost. */
const MAX_HELD = 1000;
const AREA_PAGES = 32;

interface HeldFrame {
  readonly dueNs: number;
  readonly bytes: Uint8Array;
  readonly offload: number;
}

/** What became of frames. */
export interface FaultCounts {
  /** By chance, or because too many were held. */
  lost: number;
  duplicated: number;
  /** For however short a time. */
  held: number;
}

/** One direction of a port with faults: frames go through it to `take`, or not, or later. */
export class FaultLane {
  private readonly ops: HypervisorOps;
  private readonly faults: NetFaults;
  private readonly chance: Random;
  private readonly counts: FaultCounts;
  private readonly take: (batch: FrameBatch) => void;
  /** What goes on at once of the batch at hand. */
  private readonly prompt: FrameBatch;
  /** The soonest first. */
  private readonly held: HeldFrame[] = [];
  private timer: Timer | undefined;
  private area: FrameArea | undefined;
  /** When the line is free again. */
  private freeNs = 0;

  constructor(
    ops: HypervisorOps,
    faults: NetFaults,
    seed: number,
    counts: FaultCounts,
    take: (batch: FrameBatch) => void,
  ) {
    this.ops = ops;
    this.faults = faults;
    this.chance = new Random(seed);
    this.counts = counts;
    this.take = take;
    this.prompt = new FrameBatch(ops.memory);
  }

  pass({offsets, lengths, offloads, count}: FrameBatch): void {
    const {loss = 0, duplicate = 0} = this.faults;
    for (let i = 0; i < count; i++) {
      if (this.chance.chance(loss)) this.counts.lost++;
      else {
        this.passOne(offsets[i], lengths[i], offloads[i]);
        if (!this.chance.chance(duplicate)) continue;
        this.counts.duplicated++;
        this.passOne(offsets[i], lengths[i], offloads[i]);
      }
    }
    if (this.prompt.count > 0) this.take(this.prompt);
    this.prompt.clear();
  }

  /** Frames that are late are lost. */
  close(): void {
    this.timer?.cancel();
    this.counts.lost += this.held.length;
    this.held.length = 0;
    this.area?.free();
    this.area = undefined;
  }

  private passOne(at: number, length: number, offload: number): void {
    const nowNs = this.ops.schedule.now();
    const dueNs = nowNs + this.latenessNs(nowNs, length);
    if (dueNs > nowNs) this.hold({dueNs, bytes: this.ops.memory.u8.slice(at, at + length), offload});
    else this.prompt.add(at, length, offload);
  }

  private latenessNs(nowNs: number, length: number): number {
    const {reorder = 0, delayNs = 0, jitterNs = 0, bitsPerSecond = 0} = this.faults;
    let lateNs = delayNs;
    if (jitterNs > 0) lateNs += this.chance.below(2 * jitterNs + 1) - jitterNs;
    if (this.chance.chance(reorder)) lateNs += REORDER_NS;
    if (bitsPerSecond > 0) {
      this.freeNs = Math.max(this.freeNs, nowNs) + (length * 8 * NS_PER_S) / bitsPerSecond;
      lateNs += this.freeNs - nowNs;
    }
    return Math.max(0, lateNs);
  }

  private hold(frame: HeldFrame): void {
    const {held} = this;
    if (held.length >= MAX_HELD) {
      this.counts.lost++;
      return;
    }
    this.counts.held++;
    // Frames of one time stay in their order.
    let at = held.length;
    while (at > 0 && held[at - 1].dueNs > frame.dueNs) at--;
    held.splice(at, 0, frame);
    if (at === 0) this.arm();
  }

  private arm(): void {
    this.timer?.cancel();
    const [next] = this.held;
    if (next === undefined) return;
    const {schedule} = this.ops;
    this.timer = schedule.after(next.dueNs - schedule.now(), () => this.release());
  }

  private release(): void {
    const area = (this.area ??= new FrameArea(this.ops, AREA_PAGES));
    const nowNs = this.ops.schedule.now();
    while (this.held.length > 0 && this.held[0].dueNs <= nowNs) {
      const {bytes, offload} = this.held[0];
      const at = area.reserve(bytes.length);
      if (at < 0) break;
      this.held.shift();
      this.ops.memory.u8.set(bytes, at);
      area.batch.add(at, bytes.length, offload);
    }
    if (area.batch.count > 0) this.take(area.batch);
    area.reset();
    this.arm();
  }
}
