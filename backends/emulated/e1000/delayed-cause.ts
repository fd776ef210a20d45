import type {TaskQueue, Timer} from '../../../hypervisor/schedule/index.ts';

/** RDTR, RADV, TIDV and TADV count in these. */
const UNIT_NS = 1024;

export interface DelayedCauseOptions {
  schedule: TaskQueue;
  /** In units of 1.024 us: since the last event; 0 for no delay. */
  relative: () => number;
  /** Since the first event that waits; 0 for no limit. */
  absolute: () => number;
  onExpiry: () => void;
}

/** A cause of an interrupt that waits for more of its kind. @see SDM, "Receive Interrupt Delay Timer", "Transmit Interrupt Delay Value" */
export class DelayedCause {
  private readonly options: DelayedCauseOptions;
  private relative: Timer | undefined;
  private absolute: Timer | undefined;

  constructor(options: DelayedCauseOptions) {
    this.options = options;
  }

  /** An event. */
  start(): void {
    const {schedule, relative, absolute} = this.options;
    const relativeNs = relative() * UNIT_NS;
    if (relativeNs === 0) return this.expire();
    const absoluteNs = absolute() * UNIT_NS;
    this.relative?.cancel();
    this.relative = schedule.after(relativeNs, () => this.expire());
    if (absoluteNs > 0) this.absolute ??= schedule.after(absoluteNs, () => this.expire());
  }

  /** Tells what waits, if anything does. */
  flush(): void {
    if (this.relative !== undefined) this.expire();
  }

  cancel(): void {
    this.relative?.cancel();
    this.absolute?.cancel();
    this.relative = undefined;
    this.absolute = undefined;
  }

  private expire(): void {
    this.cancel();
    this.options.onExpiry();
  }
}
