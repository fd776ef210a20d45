import type {TaskQueue, Timer} from '../../../hypervisor/schedule/index.ts';

/**
 * A timer that is put off much more often than it expires: putting it off moves a number, and the timer that is armed
 * meanwhile goes off early, sees that, and is armed anew.
 */
export class Deadline {
  private readonly schedule: TaskQueue;
  private readonly onDue: () => void;
  private dueNs = Infinity;
  private timer: Timer | undefined;
  private timerNs = Infinity;

  constructor(schedule: TaskQueue, onDue: () => void) {
    this.schedule = schedule;
    this.onDue = onDue;
  }

  get isSet(): boolean {
    return this.dueNs !== Infinity;
  }

  set(delayNs: number): void {
    const nowNs = this.schedule.now();
    // A clock may count whole nanoseconds: what is left of one must not arm the timer again.
    this.dueNs = nowNs + Math.ceil(delayNs);
    if (this.dueNs < this.timerNs) this.arm(nowNs);
  }

  clear(): void {
    this.dueNs = Infinity;
  }

  /** Clears it for good. */
  close(): void {
    this.clear();
    this.timer?.cancel();
  }

  private arm(nowNs: number): void {
    this.timer?.cancel();
    this.timerNs = this.dueNs;
    this.timer = this.schedule.after(this.dueNs - nowNs, () => {
      this.timer = undefined;
      this.timerNs = Infinity;
      const firedNs = this.schedule.now();
      if (firedNs < this.dueNs) {
        if (this.isSet) this.arm(firedNs);
        return;
      }
      this.dueNs = Infinity;
      this.onDue();
    });
  }
}
