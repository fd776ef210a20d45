import type {TaskQueue, Timer} from '../../hypervisor/schedule/index.ts';

/** A limit of what a guest sends: so many bytes each interval. */
export interface Rate {
  bytes: number;
  intervalUs: number;
}

const NS_PER_US = 1000;
/** A guest may save so many bytes for a burst, whatever its rate: else a long packet could never be sent. */
const MIN_BURST_BYTES = 131072;

/** Reads the `rate` node, "BYTES,USEC"; undefined, no limit, for one that makes no sense. @see Linux, drivers/net/xen-netback/xenbus.c */
export const parseRate = (text: string | undefined): Rate | undefined => {
  const [, bytes, intervalUs] = (/^(\d{1,15}),(\d{1,10})$/.exec(text ?? '') ?? []).map(Number);
  return bytes > 0 && intervalUs > 0 ? {bytes, intervalUs} : undefined;
};

/**
 * What a guest may still send. Bytes come in whole intervals, and only when they are asked for; who has asked for more
 * than there are is told at the next interval. Linux's netback has the same rules.
 */
export class Credit {
  private readonly schedule: TaskQueue;
  private readonly onCredit: () => void;
  private rate: Rate | undefined;
  private remaining = Infinity;
  private windowStartNs = 0;
  private timer: Timer | undefined;

  /** `onCredit` is called when somebody that could not spend may try again. */
  constructor(schedule: TaskQueue, onCredit: () => void) {
    this.schedule = schedule;
    this.onCredit = onCredit;
  }

  /** Takes `bytes` off; false: there are not so many, and `onCredit` will be called. */
  spend(bytes: number): boolean {
    if (bytes > this.remaining && !this.refill(bytes)) return false;
    this.remaining -= bytes;
    return true;
  }

  /** Limits what is sent from now on; undefined: does not. */
  setRate(rate: Rate | undefined): void {
    const isWaiting = this.timer !== undefined;
    this.cancel();
    this.rate = rate;
    this.remaining = rate === undefined ? Infinity : Math.min(this.remaining, rate.bytes);
    this.windowStartNs = this.schedule.now();
    if (isWaiting) this.onCredit();
  }

  cancel(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private refill(bytes: number): boolean {
    const {rate, schedule} = this;
    if (rate === undefined || this.timer !== undefined) return false;
    const nowNs = schedule.now();
    if (nowNs >= this.nextNs(rate)) this.add(rate, nowNs);
    if (bytes <= this.remaining) return true;
    this.timer = schedule.after(this.nextNs(rate) - nowNs, this.onTimer);
    return false;
  }

  private nextNs({intervalUs}: Rate): number {
    return this.windowStartNs + intervalUs * NS_PER_US;
  }

  private readonly onTimer = (): void => {
    this.timer = undefined;
    if (this.rate !== undefined) this.add(this.rate, this.schedule.now());
    this.onCredit();
  };

  private add({bytes}: Rate, nowNs: number): void {
    this.windowStartNs = nowNs;
    this.remaining = Math.min(this.remaining + bytes, Math.max(MIN_BURST_BYTES, bytes));
  }
}
