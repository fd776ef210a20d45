import type {Schedule, Timer} from '../schedule/index.ts';
import type {Policy} from './policy.ts';
import type {SchedUnit} from './unit.ts';

/** One simulated CPU: what it runs, until when, and what that has cost so far. */
export class Pcpu {
  readonly id: number;
  current: SchedUnit | undefined;
  private readonly clock: Schedule;
  private readonly policy: Policy;
  private readonly onSliceEnd: (pcpu: Pcpu) => void;
  /** Until when `current` was accounted for. */
  private settledNs = 0;
  private endNs = Infinity;
  private timer: Timer | undefined;

  constructor(id: number, clock: Schedule, policy: Policy, onSliceEnd: (pcpu: Pcpu) => void) {
    this.id = id;
    this.clock = clock;
    this.policy = policy;
    this.onSliceEnd = onSliceEnd;
  }

  get idle(): boolean {
    return this.current === undefined;
  }

  /** Nobody takes its CPU as long as nobody else wants it. */
  get undisturbed(): boolean {
    return this.endNs === Infinity;
  }

  occupy(unit: SchedUnit, nowNs: number): void {
    unit.state = 'running';
    unit.sinceNs = nowNs;
    unit.cpu = this.id;
    this.current = unit;
    this.settledNs = nowNs;
  }

  /** Returns who ran there. */
  vacate(nowNs: number): SchedUnit | undefined {
    const {current} = this;
    this.settle(nowNs);
    this.current = undefined;
    return current;
  }

  settle(nowNs: number): void {
    const {current} = this;
    const ranNs = nowNs - this.settledNs;
    this.settledNs = nowNs;
    if (current === undefined || ranNs <= 0) return;
    current.pay(ranNs);
    this.policy.burn?.(current, ranNs, nowNs);
  }

  beginSlice(endNs: number): void {
    this.endNs = endNs;
    this.arm();
  }

  /** Has the next job run when it is paid for. Looks again when it will be, or when the slice is over. */
  arm(): void {
    this.disarm();
    const owedNs = this.current?.owedNs ?? 0;
    if (owedNs === 0) this.current?.postJob();
    const leftNs = this.endNs - this.clock.now();
    const untilNs = owedNs > 0 ? Math.min(leftNs, owedNs) : leftNs;
    if (untilNs === Infinity) return;
    const timer = this.clock.after(untilNs, () => {
      // One that was due already when it was cancelled comes all the same.
      if (this.timer === timer) this.onTimer();
    });
    this.timer = timer;
  }

  disarm(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private onTimer(): void {
    const nowNs = this.clock.now();
    this.settle(nowNs);
    if (nowNs >= this.endNs) this.onSliceEnd(this);
    else this.arm();
  }
}
