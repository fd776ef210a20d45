import type {Domain} from './domains.ts';

/**
 * A request of an unprivileged domain, outstanding until its reply and all the events that it caused, on any connection,
 * have been taken. What it counts for: {@link Quota.outstanding}.
 */
export class PendingRequest {
  readonly domain: Domain;
  private readonly settled: (domain: Domain) => void;
  private events = 0;
  private hasReplied = false;

  /** `settled` is told when this request is no longer outstanding. */
  constructor(domain: Domain, settled: (domain: Domain) => void) {
    this.domain = domain;
    this.settled = settled;
  }

  /** The reply has been taken. */
  get replied(): boolean {
    return this.hasReplied;
  }

  /** As it was when it was saved: its reply had been taken, but not all of its events. */
  loadReplied(): void {
    this.hasReplied = true;
    this.domain.outstanding++;
  }

  eventQueued(): void {
    this.events++;
  }

  eventTaken(): void {
    this.events--;
    this.settle();
  }

  replyQueued(): void {
    this.domain.outstanding++;
  }

  replyTaken(): void {
    this.hasReplied = true;
    this.settle();
  }

  private settle(): void {
    if (!this.hasReplied || this.events > 0) return;
    this.domain.outstanding--;
    this.settled(this.domain);
  }
}
