import {NS_PER_MS, type Timer} from '../schedule/index.ts';
import {type Choice, IDLE, type Policy, type RunQueue} from './policy.ts';
import type {SchedDomain} from './sched-domain.ts';
import type {SchedUnit} from './unit.ts';

const NS_PER_US = 1000;
const CREDIT_INIT = 10 * NS_PER_MS;
const CREDIT_MIN = -CREDIT_INIT;
const MIN_SLICE_NS = 500 * NS_PER_US;
const MAX_SLICE_NS = CREDIT_INIT;
/** Credits above the initial ones that survive a reset. */
const CARRYOVER_MAX = MIN_SLICE_NS;
/** A vCPU of another CPU must be so much ahead to be taken from there. */
const MIGRATE_RESIST = 500 * NS_PER_US;
/** A cap is a budget of a domain, which is filled up so often. */
const BUDGET_PERIOD_NS = 10 * NS_PER_MS;

interface Budget {
  leftNs: number;
  /** When it was or will be filled up. */
  refillNs: number;
}

/**
 * Weights by credits that burn faster the less a domain weighs; the heaviest burns one a nanosecond. Who has most runs
 * next, and when he has none left, all get the same anew. @see xen/common/sched/credit2.c, "Design"
 */
export class Credit2 implements Policy {
  readonly name = 'credit2';
  readonly title = 'SMP Credit Scheduler rev2';
  readonly strict = false;
  readonly usesSoftAffinity = true;
  private readonly queue: RunQueue;
  private readonly credits = new Map<SchedUnit, number>();
  /** Of domains with a cap. */
  private readonly budgets = new Map<SchedDomain, Budget>();
  private maxWeight = 1;
  private refill: Timer | undefined;

  constructor(queue: RunQueue) {
    this.queue = queue;
  }

  add(unit: SchedUnit): void {
    this.credits.set(unit, CREDIT_INIT);
    this.adjusted(unit.domain);
  }

  remove(unit: SchedUnit): void {
    this.credits.delete(unit);
    this.weigh();
    if (!unit.domain.units.some((each) => this.credits.has(each))) this.budgets.delete(unit.domain);
  }

  burn(unit: SchedUnit, ranNs: number, nowNs: number): void {
    const {domain} = unit;
    this.set(unit, this.credit(unit) - (ranNs * this.maxWeight) / domain.credit.weight);
    const budget = this.budget(domain, nowNs);
    if (budget === undefined) return;
    budget.leftNs -= ranNs;
    if (budget.leftNs <= 0) this.armRefill(budget.refillNs - nowNs);
  }

  preempts(waiting: SchedUnit, running: SchedUnit): boolean {
    return this.budgetNs(waiting.domain) > 0 && this.credit(waiting) > this.credit(running);
  }

  pick(cpu: number, current: SchedUnit | undefined, nowNs: number): Choice {
    const present = current !== undefined && this.budgetNs(current.domain) > 0 ? current : undefined;
    const ratelimitNs = this.queue.parameters.ratelimitUs * NS_PER_US;
    const restNs = present === undefined ? 0 : ratelimitNs - (nowNs - present.sinceNs);
    const waiting = this.queue.waitingFor(cpu).filter(({domain}) => this.budgetNs(domain) > 0);
    const unit = restNs > 0 ? present : this.richest(cpu, present, waiting);
    if (unit === undefined) return IDLE;
    if (this.credit(unit) <= 0) this.reset(unit);
    const others = waiting.filter((each) => each !== unit);
    if (present !== undefined && present !== unit) others.push(present);
    const minNs = Math.max(MIN_SLICE_NS, unit === present ? restNs : ratelimitNs);
    return {unit, sliceNs: this.slice(unit, others, minNs)};
  }

  adjusted(domain: SchedDomain): void {
    this.weigh();
    if (domain.credit.cap === 0) this.budgets.delete(domain);
    else this.budgets.set(domain, {leftNs: totalBudgetNs(domain), refillNs: this.now() + BUDGET_PERIOD_NS});
  }

  dump(): string[] {
    const {cpus} = this.queue;
    const queued = Array.from(this.credits.keys()).filter(({state}) => state !== 'asleep');
    return [
      'Active queues: 1',
      '\tdefault-weight     = 256',
      'Runqueue 0:',
      `\tncpus              = ${cpus.length}`,
      `\tcpus               = ${cpus.join(',')}`,
      `\tmax_weight         = ${this.maxWeight}`,
      `\tinstload           = ${queued.length}`,
    ];
  }

  describe(unit: SchedUnit): string {
    const budget = this.budgets.get(unit.domain);
    const left = budget === undefined ? '' : ` budget=${Math.round(budget.leftNs)}(${totalBudgetNs(unit.domain)})`;
    return `cpu=${unit.cpu} credit=${Math.round(this.credit(unit))} [w=${unit.domain.credit.weight}]${left}`;
  }

  private now(): number {
    return this.queue.clock.now();
  }

  private credit(unit: SchedUnit): number {
    return this.credits.get(unit) ?? 0;
  }

  private set(unit: SchedUnit, credit: number): void {
    this.credits.set(unit, Math.max(CREDIT_MIN, credit));
  }

  private weigh(): void {
    this.maxWeight = Math.max(1, ...Array.from(this.credits.keys(), ({domain}) => domain.credit.weight));
  }

  private richest(cpu: number, current: SchedUnit | undefined, waiting: readonly SchedUnit[]): SchedUnit | undefined {
    let best = current;
    for (const unit of waiting) {
      const resist = unit.cpu === cpu ? 0 : MIGRATE_RESIST;
      if (best === undefined || this.credit(unit) > this.credit(best) + resist) best = unit;
    }
    return best;
  }

  /** Until its credits are used up, or no more than those of the next; of a cap no more than is left. */
  private slice(unit: SchedUnit, others: readonly SchedUnit[], minNs: number): number {
    const budgetNs = this.budgetNs(unit.domain);
    if (others.length === 0 && budgetNs === Infinity) return Infinity;
    const next = Math.max(0, ...others.map((each) => this.credit(each)));
    const lead = this.credit(unit) - next;
    const ns = Math.min((lead * unit.domain.credit.weight) / this.maxWeight, budgetNs);
    return Math.min(Math.max(ns, minNs), MAX_SLICE_NS);
  }

  /** The next to run has none: all get the same. One that has run for too long gets what it takes to be in the black. */
  private reset(next: SchedUnit): void {
    this.queue.settle();
    const gain = this.credit(next) === CREDIT_MIN ? 2 * CREDIT_INIT : CREDIT_INIT;
    for (const [unit, credit] of this.credits) this.set(unit, Math.min(credit + gain, CREDIT_INIT + CARRYOVER_MAX));
  }

  private budgetNs(domain: SchedDomain): number {
    return this.budget(domain, this.now())?.leftNs ?? Infinity;
  }

  /** Filled up for the periods that are over. */
  private budget(domain: SchedDomain, nowNs: number): Budget | undefined {
    const budget = this.budgets.get(domain);
    if (budget === undefined || nowNs < budget.refillNs) return budget;
    const periods = Math.floor((nowNs - budget.refillNs) / BUDGET_PERIOD_NS) + 1;
    const totalNs = totalBudgetNs(domain);
    budget.leftNs = Math.min(totalNs, budget.leftNs + periods * totalNs);
    budget.refillNs += periods * BUDGET_PERIOD_NS;
    return budget;
  }

  /** A domain waits for its budget. */
  private armRefill(delayNs: number): void {
    this.refill ??= this.queue.clock.after(delayNs, () => {
      this.refill = undefined;
      this.queue.reschedule();
      const nowNs = this.now();
      const dry = [...this.budgets].filter(([domain]) => domain.units.some(({state}) => state === 'waiting'));
      const refills = dry.map(([domain]) => this.budget(domain, nowNs)).filter((budget) => (budget?.leftNs ?? 1) <= 0);
      const next = Math.min(...refills.map((budget) => budget?.refillNs ?? Infinity));
      if (next < Infinity) this.armRefill(next - nowNs);
    });
  }
}

const totalBudgetNs = ({credit}: SchedDomain): number => (credit.cap / 100) * BUDGET_PERIOD_NS;
