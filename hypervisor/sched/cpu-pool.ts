import type {Schedule} from '../schedule/index.ts';
import {Pcpu} from './pcpu.ts';
import {DEFAULT_POOL, type Policy, type PolicyName, type PoolParameters, type RunQueue} from './policy.ts';
import {createPolicy} from './policies.ts';
import type {SchedDomain} from './sched-domain.ts';
import type {SchedUnit} from './unit.ts';

/** CPUs with a scheduler of their own, and the domains that run on them. @see xen/common/sched/cpupool.c, core.c */
export class CpuPool implements RunQueue {
  readonly id: number;
  readonly clock: Schedule;
  readonly policy: Policy;
  readonly units = new Set<SchedUnit>();
  readonly domains = new Set<SchedDomain>();
  parameters: PoolParameters = DEFAULT_POOL;
  private readonly pcpus: Pcpu[] = [];
  private readonly waiting = new Set<SchedUnit>();

  constructor(id: number, clock: Schedule, policy: PolicyName, cpus: readonly number[]) {
    this.id = id;
    this.clock = clock;
    this.policy = createPolicy(policy, this);
    for (const cpu of cpus) this.addCpu(cpu);
  }

  get cpus(): readonly number[] {
    return this.pcpus.map(({id}) => id);
  }

  addCpu(cpu: number): void {
    this.pcpus.push(new Pcpu(cpu, this.clock, this.policy, (pcpu) => this.schedule(pcpu)));
    this.pcpus.sort((a, b) => a.id - b.id);
    this.policy.cpusChanged?.();
    this.reschedule();
  }

  /** What runs there goes elsewhere. */
  removeCpu(cpu: number): void {
    const pcpu = this.pcpu(cpu);
    this.vacate(pcpu);
    pcpu.disarm();
    this.pcpus.splice(this.pcpus.indexOf(pcpu), 1);
    this.policy.cpusChanged?.();
    this.placeAll();
  }

  addDomain(domain: SchedDomain): void {
    domain.pool = this;
    if (domain.owner.privileged) return;
    this.domains.add(domain);
    for (const unit of domain.units) if (unit.online) this.addUnit(unit);
    this.meter();
    domain.refresh();
  }

  removeDomain(domain: SchedDomain): void {
    this.domains.delete(domain);
    for (const unit of domain.units) this.removeUnit(unit);
    this.meter();
  }

  addUnit(unit: SchedUnit): void {
    if (!this.domains.has(unit.domain)) return;
    this.units.add(unit);
    if (!this.pcpus.some(({id}) => id === unit.cpu)) unit.cpu = this.pcpus[0]?.id ?? 0;
    this.policy.add?.(unit);
  }

  removeUnit(unit: SchedUnit): void {
    if (unit.state !== 'asleep') this.sleep(unit);
    if (this.units.delete(unit)) this.policy.remove?.(unit);
    this.placeAll();
  }

  /** Parameters of the domain or of its vCPUs were set. */
  adjust(domain: SchedDomain): void {
    this.settle();
    this.policy.adjusted?.(domain);
    this.meter();
    this.reschedule();
  }

  setParameters(parameters: PoolParameters): void {
    this.parameters = parameters;
    this.reschedule();
  }

  setAffinity(unit: SchedUnit, hard: ReadonlySet<number> | undefined, soft: ReadonlySet<number> | undefined): void {
    unit.hard = hard;
    unit.soft = soft;
    this.policy.cpusChanged?.();
    if (unit.state === 'running' && !this.mayRunOn(unit, unit.cpu)) {
      const pcpu = this.pcpu(unit.cpu);
      this.vacate(pcpu);
      this.schedule(pcpu);
    }
    this.placeAll();
    for (const pcpu of this.pcpus) if (pcpu.idle) this.fetchHome(pcpu);
  }

  wake(unit: SchedUnit): void {
    const nowNs = this.clock.now();
    this.setWaiting(unit, nowNs);
    this.policy.wake?.(unit, nowNs);
    this.place(unit);
  }

  sleep(unit: SchedUnit): void {
    const pcpu = unit.state === 'running' ? this.pcpu(unit.cpu) : undefined;
    if (pcpu !== undefined) this.vacate(pcpu);
    this.waiting.delete(unit);
    unit.state = 'asleep';
    unit.sinceNs = this.clock.now();
    this.policy.sleep?.(unit);
    if (pcpu !== undefined) this.schedule(pcpu);
  }

  waitingFor(cpu: number): SchedUnit[] {
    return [...this.waiting].filter((unit) => this.mayRunOn(unit, cpu));
  }

  settle(): void {
    const nowNs = this.clock.now();
    for (const pcpu of this.pcpus) pcpu.settle(nowNs);
  }

  settleUnit(unit: SchedUnit): void {
    if (unit.state === 'running') this.pcpu(unit.cpu).settle(this.clock.now());
  }

  reschedule(): void {
    for (const pcpu of this.pcpus) this.schedule(pcpu);
  }

  /** What a CPU runs may have another job to do first: looks when it is to be disturbed next. */
  arm(cpu: number): void {
    this.pcpu(cpu).arm();
  }

  /** What each CPU runs. */
  running(): {cpu: number; unit: SchedUnit | undefined}[] {
    return this.pcpus.map(({id, current}) => ({cpu: id, unit: current}));
  }

  /** Those that wait for a CPU, the longest waiting first. */
  queued(): SchedUnit[] {
    return [...this.waiting];
  }

  /** Of its hard affinity what the pool has; all when that is nothing. */
  private mayRunOn({hard}: SchedUnit, cpu: number): boolean {
    return hard === undefined || hard.has(cpu) || !this.pcpus.some(({id}) => hard.has(id));
  }

  /** Gives a unit that waits a CPU: an idle one, or that of one that it may take the place of. */
  private place(unit: SchedUnit): void {
    if (unit.state !== 'waiting') return;
    const only = this.policy.cpuOf?.(unit);
    if (only !== undefined) {
      if (only >= 0) this.schedule(this.pcpu(only));
      return;
    }
    const allowed = this.pcpus.filter(({id}) => this.mayRunOn(unit, id));
    const idle = allowed.filter((pcpu) => pcpu.idle);
    const target = idle.length > 0 ? this.best(unit, idle) : this.victim(unit, allowed);
    if (target !== undefined) this.schedule(target);
    // Whoever has run undisturbed gets a slice now.
    else for (const pcpu of allowed) if (pcpu.undisturbed) this.schedule(pcpu);
  }

  private placeAll(): void {
    for (const unit of this.queued()) this.place(unit);
  }

  /** Of idle CPUs the one it likes best: of its soft affinity, then where it was. */
  private best(unit: SchedUnit, idle: readonly Pcpu[]): Pcpu {
    const liked = this.policy.usesSoftAffinity ? idle.filter(({id}) => prefers(unit, id)) : [];
    const candidates = liked.length > 0 ? liked : idle;
    return candidates.find(({id}) => id === unit.cpu) ?? candidates[0];
  }

  /** The CPU whose vCPU has the least right to it, when the unit has more. */
  private victim(unit: SchedUnit, busy: readonly Pcpu[]): Pcpu | undefined {
    this.settle();
    let victim: Pcpu | undefined;
    let least = unit;
    for (const pcpu of busy) {
      if (pcpu.current === undefined || this.policy.preempts?.(least, pcpu.current) !== true) continue;
      least = pcpu.current;
      victim = pcpu;
    }
    return victim;
  }

  private schedule(pcpu: Pcpu): void {
    const nowNs = this.clock.now();
    pcpu.settle(nowNs);
    const previous = pcpu.current;
    const {unit, sliceNs} = this.policy.pick(pcpu.id, previous, nowNs);
    if (unit !== previous) {
      this.vacate(pcpu);
      if (unit !== undefined) this.occupy(pcpu, unit);
    }
    pcpu.beginSlice(nowNs + Math.ceil(sliceNs));
    if (unit === undefined) this.fetchHome(pcpu);
    if (previous !== undefined && unit !== previous) this.place(previous);
  }

  /** An idle CPU takes a unit that would rather run there than where it does. */
  private fetchHome(idle: Pcpu): void {
    if (!this.policy.usesSoftAffinity) return;
    const away = this.pcpus.find(
      ({id, current}) =>
        current?.soft !== undefined &&
        prefers(current, idle.id) &&
        !prefers(current, id) &&
        this.mayRunOn(current, idle.id),
    );
    const unit = away?.current;
    if (away === undefined || unit === undefined) return;
    this.vacate(away);
    this.occupy(idle, unit);
    this.schedule(idle);
    this.schedule(away);
  }

  private occupy(pcpu: Pcpu, unit: SchedUnit): void {
    this.waiting.delete(unit);
    pcpu.occupy(unit, this.clock.now());
  }

  /** Who runs there waits again. */
  private vacate(pcpu: Pcpu): void {
    const nowNs = this.clock.now();
    const unit = pcpu.vacate(nowNs);
    if (unit !== undefined) this.setWaiting(unit, nowNs);
  }

  private setWaiting(unit: SchedUnit, nowNs: number): void {
    unit.state = 'waiting';
    unit.sinceNs = nowNs;
    this.waiting.add(unit);
  }

  /** Where shares are limited or differ, even tasks that cost next to nothing wait for a CPU. */
  private meter(): void {
    const weights = new Set(Array.from(this.domains, ({credit}) => credit.weight));
    const all = this.policy.strict || weights.size > 1;
    for (const {units, credit} of this.domains) for (const unit of units) unit.setMetered(all || credit.cap > 0);
  }

  private pcpu(cpu: number): Pcpu {
    const found = this.pcpus.find(({id}) => id === cpu);
    if (found === undefined) throw new Error(`CPU ${cpu} is not in cpupool ${this.id}`);
    return found;
  }
}

const prefers = ({soft}: SchedUnit, cpu: number): boolean => soft === undefined || soft.has(cpu);
