import {NS_PER_MS, type Schedule} from '../../hypervisor/schedule/index.ts';

/** In which a host that goes on by itself has gone on. */
const PATIENCE_NS = 200 * NS_PER_MS;

/** Something that is a breach if it stays: an event that is owed, work that nobody takes. */
export interface Suspicion {
  /** Cleared when it turned out to be nothing. */
  isOpen: boolean;
  /** All whose move it could be have nothing to do, and may run. */
  readonly isQuiet: () => boolean;
  readonly report: () => void;
}

/** Looks again later at what is wrong only if nothing more happens. Sets no timer while nothing is suspected. */
export class Suspicions {
  private readonly schedule: Schedule;
  private open: Suspicion[] = [];
  private isTimed = false;

  constructor(schedule: Schedule) {
    this.schedule = schedule;
  }

  add(suspicion: Suspicion): void {
    this.open.push(suspicion);
  }

  /** To be called between tasks: most have been cleared by then. */
  sift(): void {
    if (this.open.length === 0) return;
    this.open = this.open.filter(({isOpen}) => isOpen);
    if (this.open.length === 0 || this.isTimed) return;
    this.isTimed = true;
    this.judgeLater(this.open);
  }

  /** Those that are there when the timer is set are judged when it is due; all of them have waited that long. */
  private judgeLater(due: readonly Suspicion[]): void {
    this.schedule.after(PATIENCE_NS, () => {
      this.isTimed = false;
      for (const suspicion of due) this.judge(suspicion);
      this.sift();
    });
  }

  private judge(suspicion: Suspicion): void {
    if (!suspicion.isOpen || !suspicion.isQuiet()) return;
    suspicion.isOpen = false;
    suspicion.report();
  }
}
