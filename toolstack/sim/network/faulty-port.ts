import {type BridgePort, FrameBatch} from '../../../backends/network/index.ts';
import type {HypervisorOps} from '../../../hypervisor/ops.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {Random} from '../../../hypervisor/schedule/index.ts';
import type {Rates} from '../profiles.ts';

const MAX_LATE_NS = 2e6;

/** A bad line from a bridge to a port: frames are lost, come twice, or late, and others before them. */
export class FaultyPort implements BridgePort {
  readonly name: string;
  private readonly inner: BridgePort;
  private readonly ops: HypervisorOps;
  private readonly random: Random;
  private readonly rates: Rates;
  private readonly passed: FrameBatch;

  /** `rates` may change at any time. */
  constructor(inner: BridgePort, ops: HypervisorOps, random: Random, rates: Rates) {
    this.name = inner.name;
    this.inner = inner;
    this.ops = ops;
    this.random = random;
    this.rates = rates;
    this.passed = new FrameBatch(ops.memory);
  }

  receive({memory, offsets, lengths, count}: FrameBatch): void {
    const {random, rates, passed} = this;
    for (let i = 0; i < count; i++) {
      if (random.chance(rates.lostFrame)) continue;
      for (let copies = random.chance(rates.doubledFrame) ? 2 : 1; copies > 0; copies--) {
        if (random.chance(rates.lateFrame)) this.hold(memory.u8.slice(offsets[i], offsets[i] + lengths[i]));
        else passed.add(offsets[i], lengths[i]);
      }
    }
    this.pass();
  }

  private hold(frame: Uint8Array): void {
    const {ops, random, passed} = this;
    ops.schedule.after(random.below(MAX_LATE_NS), () => {
      const page = ops.pages.alloc();
      if (page === undefined) return;
      ops.memory.u8.set(frame, page * PAGE_SIZE);
      passed.add(page * PAGE_SIZE, frame.length);
      this.pass();
      ops.pages.free(page);
    });
  }

  private pass(): void {
    if (this.passed.count > 0) this.inner.receive(this.passed);
    this.passed.clear();
  }
}
