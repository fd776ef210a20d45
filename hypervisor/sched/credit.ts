import {NS_PER_MS, type Timer} from '../schedule/index.ts';
import {type Choice, IDLE, type Policy, type RunQueue} from './policy.ts';
import type {SchedDomain} from './sched-domain.ts';
import type {SchedUnit} from './unit.ts';

const CREDITS_PER_MS = 10;
const TICKS_PER_TSLICE = 3;
const NS_PER_US = 1000;

/** Xen's numbers: one that has just woken, one with credits, one without. */
const BOOST = 0;
const UNDER = -1;
const OVER = -2;

interface Account {
  credits: number;
  priority: number;
  /** It takes part in the accounting: it has been seen running. */
  active: boolean;
  /** Its domain has used up its cap. */
  parked: boolean;
}

/**
 * Weights by credits, handed out every 30 ms to those that were seen running at a tick. Who has some left goes first,
 * who wakes up before them, and all within a class take turns. @see xen/common/sched/credit.c
 */
export class Credit implements Policy {
  readonly name = 'credit';
  readonly title = 'SMP Credit Scheduler';
  readonly strict = false;
  readonly usesSoftAffinity = true;
  private readonly queue: RunQueue;
  private readonly accounts = new Map<SchedUnit, Account>();
  private ticker: Timer | undefined;
  private ticks = 0;
  private balance = 0;

  constructor(queue: RunQueue) {
    this.queue = queue;
  }

  add(unit: SchedUnit): void {
    this.accounts.set(unit, {credits: 0, priority: UNDER, active: false, parked: false});
  }

  remove(unit: SchedUnit): void {
    this.accounts.delete(unit);
  }

  wake(unit: SchedUnit): void {
    const account = this.account(unit);
    if (account.priority === UNDER && !account.parked) account.priority = BOOST;
    this.startTicking();
  }

  burn(unit: SchedUnit, ranNs: number): void {
    this.account(unit).credits -= (ranNs / NS_PER_MS) * CREDITS_PER_MS;
  }

  preempts(waiting: SchedUnit, running: SchedUnit): boolean {
    const {priority, parked} = this.account(waiting);
    return !parked && priority > this.account(running).priority;
  }

  pick(cpu: number, current: SchedUnit | undefined, nowNs: number): Choice {
    const ranNs = current === undefined ? 0 : nowNs - current.sinceNs;
    const present = current !== undefined && !this.account(current).parked ? current : undefined;
    const ratelimitNs = this.queue.parameters.ratelimitUs * NS_PER_US;
    if (present !== undefined && ranNs < ratelimitNs) return {unit: present, sliceNs: ratelimitNs - ranNs};
    const next = this.first(this.queue.waitingFor(cpu));
    const isTurn = next === undefined || this.isTurnOf(present, next, ranNs);
    if (present !== undefined && !isTurn) return {unit: present, sliceNs: this.sliceNs - (ranNs % this.sliceNs)};
    const unit = next ?? present;
    return unit === undefined ? IDLE : {unit, sliceNs: next === undefined ? Infinity : this.sliceNs};
  }

  adjusted(domain: SchedDomain): void {
    if (domain.credit.cap > 0) return;
    for (const unit of domain.units) {
      const account = this.accounts.get(unit);
      if (account !== undefined) account.parked = false;
    }
  }

  dump(): string[] {
    const {cpus, parameters} = this.queue;
    return [
      'info:',
      `\tncpus              = ${cpus.length}`,
      `\tcredit             = ${cpus.length * this.creditsPerSlice}`,
      `\tcredit balance     = ${Math.round(this.balance)}`,
      `\ttslice             = ${parameters.tsliceMs}ms`,
      `\tratelimit          = ${parameters.ratelimitUs}us`,
      `\tcredits per msec   = ${CREDITS_PER_MS}`,
      `\tticks per tslice   = ${TICKS_PER_TSLICE}`,
    ];
  }

  describe(unit: SchedUnit): string {
    const {credits, priority, parked} = this.account(unit);
    const {weight, cap} = unit.domain.credit;
    return `pri=${priority} flags=${Number(parked)} cpu=${unit.cpu} credit=${Math.round(credits)} [w=${weight},cap=${cap}]`;
  }

  private get sliceNs(): number {
    return this.queue.parameters.tsliceMs * NS_PER_MS;
  }

  private get creditsPerSlice(): number {
    return this.queue.parameters.tsliceMs * CREDITS_PER_MS;
  }

  private account(unit: SchedUnit): Account {
    const account = this.accounts.get(unit);
    if (account === undefined) throw new Error(`${unit.toString()} is not under this scheduler`);
    return account;
  }

  /** The first of the highest class. */
  private first(units: readonly SchedUnit[]): SchedUnit | undefined {
    let best: SchedUnit | undefined;
    for (const unit of units) {
      const {parked, priority} = this.account(unit);
      if (!parked && (best === undefined || priority > this.account(best).priority)) best = unit;
    }
    return best;
  }

  /** Higher classes go at once, the same one when the slice is over. */
  private isTurnOf(current: SchedUnit | undefined, next: SchedUnit, ranNs: number): boolean {
    if (current === undefined) return true;
    const lead = this.account(next).priority - this.account(current).priority;
    return lead > 0 || (lead === 0 && ranNs >= this.sliceNs);
  }

  private startTicking(): void {
    this.ticker ??= this.queue.clock.after(this.sliceNs / TICKS_PER_TSLICE, () => this.tick());
  }

  /** Whoever is found running takes part in the accounting, and is no longer ahead for having woken up. */
  private tick(): void {
    this.ticker = undefined;
    this.queue.settle();
    for (const [unit, account] of this.accounts) {
      if (unit.state !== 'running') continue;
      account.active = true;
      if (account.priority === BOOST) account.priority = UNDER;
    }
    this.ticks++;
    if (this.ticks % TICKS_PER_TSLICE === 0) this.handOut();
    const isBusy = [...this.accounts].some(([unit, {active}]) => active || unit.state !== 'asleep');
    if (isBusy) this.startTicking();
  }

  /** The master's accounting: one slice's credits of all CPUs to the active, by weight; none gets more than it can use. */
  private handOut(): void {
    const domains = this.activeDomains();
    let creditsLeft = this.queue.cpus.length * this.creditsPerSlice;
    let weightLeft = sum(domains, ({share}) => share);
    const weightTotal = weightLeft;
    const debt = Math.max(0, -this.balance);
    this.balance = 0;
    for (const {domain, accounts, share} of domains) {
      weightLeft -= share;
      const {cap} = domain.credit;
      const mostNow = accounts.length * this.creditsPerSlice + (debt * share) / weightTotal;
      const capped = cap === 0 ? Infinity : (cap / 100) * this.creditsPerSlice;
      const peak = Math.min(mostNow, capped);
      const fair = (creditsLeft * share) / weightTotal;
      // What one cannot use goes to those that come after it.
      if (fair > peak && weightLeft > 0) creditsLeft += ((fair - peak) * weightTotal) / weightLeft;
      for (const account of accounts) {
        this.give(account, Math.min(fair, peak) / accounts.length, capped / accounts.length);
        this.balance += account.credits;
      }
    }
    this.queue.reschedule();
  }

  private give(account: Account, credits: number, capped: number): void {
    const most = this.creditsPerSlice;
    account.credits += credits;
    account.priority = account.credits < 0 ? OVER : UNDER;
    if (account.credits >= 0) account.parked = false;
    else if (account.credits < -capped) account.parked = true;
    account.credits = Math.max(account.credits, -most);
    if (account.credits <= most) return;
    // It earns without running. With half of it, it is a little ahead when it comes back.
    account.active = false;
    account.credits /= 2;
  }

  private activeDomains(): {domain: SchedDomain; accounts: Account[]; share: number}[] {
    const byDomain = new Map<SchedDomain, Account[]>();
    for (const [unit, account] of this.accounts) {
      if (account.active) byDomain.set(unit.domain, [...(byDomain.get(unit.domain) ?? []), account]);
    }
    return Array.from(byDomain, ([domain, accounts]) => ({
      domain,
      accounts,
      share: domain.credit.weight * accounts.length,
    }));
  }
}

const sum = <T>(values: readonly T[], count: (value: T) => number): number =>
  values.reduce((total, value) => total + count(value), 0);
