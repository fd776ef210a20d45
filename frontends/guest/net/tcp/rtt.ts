import {NS_PER_MS, NS_PER_S} from '../../../../hypervisor/schedule/index.ts';

const INITIAL_RTO_NS = NS_PER_S;
/** RFC 6298 says a second; that of Linux and the BSDs is below it, and so is ours. */
const MIN_RTO_NS = 200 * NS_PER_MS;
const MAX_RTO_NS = 60 * NS_PER_S;
/** After a SYN that had to be sent again. @see RFC 6298, 5.7 */
const RTO_AFTER_LOST_SYN_NS = 3 * NS_PER_S;
const ALPHA = 1 / 8;
const BETA = 1 / 4;

/** How long an acknowledgment is waited for. @see RFC 6298 */
export class RttEstimator {
  private smoothedNs = 0;
  private variationNs = 0;
  private currentNs = INITIAL_RTO_NS;

  get rtoNs(): number {
    return this.currentNs;
  }

  /** The round trip time, smoothed; 0 before the first sample. */
  get srttNs(): number {
    return this.smoothedNs;
  }

  addSample(rttNs: number): void {
    if (this.smoothedNs === 0) {
      this.smoothedNs = rttNs;
      this.variationNs = rttNs / 2;
    } else {
      this.variationNs += BETA * (Math.abs(this.smoothedNs - rttNs) - this.variationNs);
      this.smoothedNs += ALPHA * (rttNs - this.smoothedNs);
    }
    this.restore();
  }

  /** A timer expired. */
  backOff(): void {
    this.currentNs = Math.min(this.currentNs * 2, MAX_RTO_NS);
  }

  /** An acknowledgment came after all: what was estimated counts again. */
  restore(): void {
    if (this.smoothedNs === 0) return;
    this.currentNs = Math.min(Math.max(this.smoothedNs + 4 * this.variationNs, MIN_RTO_NS), MAX_RTO_NS);
  }

  synWasLost(): void {
    this.currentNs = RTO_AFTER_LOST_SYN_NS;
  }
}
