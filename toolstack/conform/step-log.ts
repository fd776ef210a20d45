import type {Step} from './verdict.ts';

/** Steps kept: the last ones lead to the breach. */
const MAX_STEPS = 400;

/** What the two sides did, in order. */
export class StepLog {
  private steps: Step[] = [];
  private now: () => number = () => 0;

  followClock(now: () => number): void {
    this.now = now;
  }

  add(who: Step['who'], what: string): void {
    this.steps.push({timeNs: this.now(), who, what});
    if (this.steps.length > 2 * MAX_STEPS) this.steps = this.steps.slice(-MAX_STEPS);
  }

  get last(): readonly Step[] {
    return this.steps.slice(-MAX_STEPS);
  }
}
