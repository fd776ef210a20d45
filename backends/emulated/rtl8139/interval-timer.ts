import type {TaskQueue, Timer} from '../../../hypervisor/schedule/index.ts';

/** The PCI clock. */
const TICKS_PER_S = 33e6;
const NS_PER_S = 1e9;
const TICKS = 2 ** 32;

/**
 * TCTR and TimerInt: a counter of the PCI clock, and a value of it at which an interrupt comes.
 * @see RTL8139 datasheet, "Timer Count Register" and "Timer Interrupt Register"
 */
export class IntervalTimer {
  private readonly schedule: TaskQueue;
  private readonly onMatch: () => void;
  private startNs: number;
  private match = 0;
  private timer: Timer | undefined;

  constructor(schedule: TaskQueue, onMatch: () => void) {
    this.schedule = schedule;
    this.onMatch = onMatch;
    this.startNs = schedule.now();
  }

  get count(): number {
    return this.ticks % TICKS;
  }

  /** Counts from 0 again. */
  restart(): void {
    this.startNs = this.schedule.now();
    this.arm();
  }

  /** The count at which `onMatch` is called, each time round; 0 for never. */
  set matchAt(count: number) {
    this.match = count;
    this.arm();
  }

  private get ticks(): number {
    return Math.floor(((this.schedule.now() - this.startNs) * TICKS_PER_S) / NS_PER_S);
  }

  private arm(): void {
    this.timer?.cancel();
    this.timer = undefined;
    if (this.match === 0) return;
    const left = (this.match - this.count + TICKS) % TICKS || TICKS;
    this.timer = this.schedule.after(Math.ceil((left * NS_PER_S) / TICKS_PER_S), () => {
      this.arm();
      this.onMatch();
    });
  }
}
