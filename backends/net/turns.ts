import type {Task, TaskQueue} from '../../hypervisor/schedule/index.ts';

/**
 * The turns of one vif: one at a time, however many queues it has, so that a guest with many gets no larger share of the
 * host than a guest with one. A turn lasts for as long as it takes a guest to hear of it and to fill its ring anew: two
 * rounds of the run queue.
 */
export class Turns {
  private readonly schedule: TaskQueue;
  private readonly waiting: Task[] = [];
  private isTaken = false;

  constructor(schedule: TaskQueue) {
    this.schedule = schedule;
  }

  /** Does the work now, or when its turn comes. What waits already waits once. */
  take(work: Task): void {
    if (!this.isTaken) this.begin(work);
    else if (!this.waiting.includes(work)) this.waiting.push(work);
  }

  private begin(work: Task): void {
    this.isTaken = true;
    this.schedule.post(this.halfTime);
    work();
  }

  private readonly halfTime = (): void => this.schedule.post(this.end);

  private readonly end = (): void => {
    this.isTaken = false;
    const work = this.waiting.shift();
    if (work !== undefined) this.begin(work);
  };
}
