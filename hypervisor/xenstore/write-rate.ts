import type {TaskQueue} from '../schedule/index.ts';
import {NS_PER_MS, NS_PER_S} from '../schedule/index.ts';
import type {Domain, Domains} from './domains.ts';

/** Of all domains together; each has the same share. */
const WRITES_PER_SECOND = 200;
/** Writes that a domain may save up. */
const BURST = 10;
/** What domains have beyond that goes to a reserve for those in debt, up to this. */
const RESERVE_MAX = 1000;
/** The reserve lends a burst to each new domain, and may owe five of them itself. */
const RESERVE_MIN = -5 * BURST;

/**
 * How often guests may write while there are transactions of others, which fail when what they have seen is written. A domain
 * has a credit of writes; one in debt is not heard until its share has made up for it. The numbers are the C daemon's.
 * @see XSA-206
 */
export class WriteRate {
  private readonly clock: Pick<TaskQueue, 'now'>;
  private readonly domains: Domains;
  private updatedNs: number;
  private reserve = 0;

  constructor(clock: Pick<TaskQueue, 'now'>, domains: Domains) {
    this.clock = clock;
    this.domains = domains;
    this.updatedNs = clock.now();
  }

  /** A domain is introduced. */
  admit(domain: Domain): void {
    domain.writeCredit = Math.max(0, Math.min(BURST, this.reserve - RESERVE_MIN));
    this.reserve -= domain.writeCredit;
  }

  /** It has written. */
  debit(domain: Domain, writes: number): void {
    this.update();
    domain.writeCredit -= writes;
    this.help(domain);
  }

  /** How long it takes until the domain is out of debt, 0 if it has none. */
  debtNs(domain: Domain): number {
    if (domain.writeCredit >= 0) return 0;
    this.update();
    this.help(domain);
    // A millisecond is the least that counts.
    return domain.writeCredit >= 0 ? 0 : Math.max(NS_PER_MS, (-domain.writeCredit / this.share) * NS_PER_S);
  }

  /** Writes a second of one domain. */
  private get share(): number {
    let introduced = 0;
    for (const domain of this.domains.all()) if (domain.introduced) introduced++;
    return WRITES_PER_SECOND / introduced;
  }

  private update(): void {
    const elapsedNs = this.clock.now() - this.updatedNs;
    if (elapsedNs < NS_PER_MS) return;
    this.updatedNs += elapsedNs;
    const earned = (this.share * elapsedNs) / NS_PER_S;
    for (const domain of this.domains.all()) if (domain.introduced) this.credit(domain, earned);
  }

  private credit(domain: Domain, earned: number): void {
    domain.writeCredit += earned;
    const surplus = Math.max(0, domain.writeCredit - BURST);
    domain.writeCredit -= surplus;
    this.reserve = Math.min(RESERVE_MAX, this.reserve + surplus);
  }

  /** The reserve pays what a domain owes, as far as it goes. */
  private help(domain: Domain): void {
    const paid = Math.max(0, Math.min(this.reserve, -domain.writeCredit));
    domain.writeCredit += paid;
    this.reserve -= paid;
  }
}
