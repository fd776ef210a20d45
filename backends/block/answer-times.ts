import type {Histogram} from './histogram.ts';

/** When the requests were taken whose answers are not published yet: one look at the clock serves them all. */
export class AnswerTimes {
  private readonly takenNs: Float64Array;
  private readonly latencyNs: Histogram;
  private count = 0;

  /** `entries`: of the ring. There are never more answers than that. */
  constructor(entries: number, latencyNs: Histogram) {
    this.takenNs = new Float64Array(entries);
    this.latencyNs = latencyNs;
  }

  add(takenNs: number): void {
    this.takenNs[this.count++] = takenNs;
  }

  /** The answers are published. */
  settle(nowNs: number): void {
    for (let i = 0; i < this.count; i++) this.latencyNs.add(nowNs - this.takenNs[i]);
    this.count = 0;
  }
}
