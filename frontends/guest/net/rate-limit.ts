import {NS_PER_S, type TaskQueue} from '../../../hypervisor/schedule/index.ts';

/** So many events a second, and as many at once. */
export class RateLimit {
  private readonly schedule: TaskQueue;
  private readonly perSecond: number;
  private tokens: number;
  private lastNs: number;

  constructor(schedule: TaskQueue, perSecond: number) {
    this.schedule = schedule;
    this.perSecond = perSecond;
    this.tokens = perSecond;
    this.lastNs = schedule.now();
  }

  /** Whether one more may happen now. */
  take(): boolean {
    const nowNs = this.schedule.now();
    this.tokens = Math.min(this.perSecond, this.tokens + ((nowNs - this.lastNs) / NS_PER_S) * this.perSecond);
    this.lastNs = nowNs;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}
