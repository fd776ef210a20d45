import test from 'ava';
import {type CpuPool, type PolicyName, type SchedUnit} from '../../hypervisor/sched/index.ts';
import {POLICIES} from '../../hypervisor/sched/policy.ts';
import {Random} from '../../hypervisor/schedule/index.ts';
import {Cpus, type Load, MS} from './cpus.ts';

const HOST_CPUS = 4;
const STEPS = 300;

/** What is wrong with a pool now; undefined: nothing. */
const faultOf = (pool: CpuPool): string | undefined => {
  const running = pool.running();
  for (const {cpu, unit} of running) {
    if (unit === undefined) continue;
    if (unit.state !== 'running' || unit.cpu !== cpu) return `${String(unit)} is ${unit.state}, not running on ${cpu}`;
    if (!pool.units.has(unit)) return `${String(unit)} runs in a pool that it is not in`;
    const allowed = unit.hard === undefined || unit.hard.has(cpu);
    if (!allowed && pool.cpus.some((each) => unit.hard?.has(each))) return `${String(unit)} must not run on ${cpu}`;
  }
  const found = new Set([...running.map(({unit}) => unit), ...pool.queued()]);
  for (const unit of pool.units) {
    const isAwake = !unit.idle && unit.domain.owner.isRunnable();
    if (isAwake !== found.has(unit)) return `${String(unit)} is ${unit.state} and ${isAwake ? 'has' : 'has no'} work`;
  }
  return isWasteful(pool) ? 'a CPU is idle while somebody waits for it' : undefined;
};

const isLimited = ({domain}: SchedUnit): boolean => domain.credit.cap > 0;

/** Credit and credit2 leave no CPU idle that one without a cap may use. */
const isWasteful = (pool: CpuPool): boolean =>
  pool.policy.name.startsWith('credit') &&
  pool
    .running()
    .some(({cpu, unit}) => unit === undefined && pool.waitingFor(cpu).some((waiting) => !isLimited(waiting)));

/** A host on which anything may happen next. */
class Chaos {
  readonly cpus: Cpus;
  private readonly chance: Random;
  private readonly loads: Load[] = [];
  private readonly actions: readonly (() => void)[] = [
    () => this.loads.length < 8 && this.loads.push(this.cpus.load({vcpus: 2})),
    () => this.some()?.burn(this.chance.below(2), this.chance.below(200 * MS)),
    () => this.some()?.burn(this.chance.below(2), this.chance.below(200 * MS)),
    () => this.some()?.burn(0, this.chance.below(2 * MS)),
    () => this.onDomain((load) => this.cpus.xen.pause(load.domain)),
    () => this.onDomain((load) => this.cpus.xen.unpause(load.domain)),
    () => this.onDomain((load) => this.cpus.xen.unpause(load.domain)),
    () => this.onDomain((load) => this.cpus.xen.setVcpuOnline(load.domain, 1, this.chance.chance(0.5))),
    () => this.onDomain((load) => this.pin(load)),
    () => this.onDomain(({domain}) => this.cpus.sched.moveDomain(domain.sched, this.pool())),
    () => this.onDomain(({domain}) => this.adjust(domain.sched.units[0])),
    () => this.cpus.sched.addCpu(this.pool(), this.chance.below(HOST_CPUS)),
    () => this.cpus.sched.removeCpu(this.pool(), this.chance.below(HOST_CPUS)),
    () => this.chance.chance(0.2) && this.onDomain((load) => this.destroy(load)),
  ];

  constructor(policy: PolicyName, other: PolicyName, seed: number) {
    this.cpus = new Cpus({policy, cpus: HOST_CPUS}, seed);
    this.cpus.sched.createPool(other);
    this.chance = new Random(seed);
  }

  async step(): Promise<void> {
    this.actions[this.chance.below(this.actions.length)]();
    if (this.chance.chance(0.5)) await this.cpus.clock.sleep(this.chance.below(20 * MS));
  }

  private pool(): number {
    return this.chance.below(2);
  }

  private some(): Load | undefined {
    return this.loads[this.chance.below(this.loads.length + 1)];
  }

  private onDomain(act: (load: Load) => void): void {
    const load = this.some();
    if (load !== undefined) act(load);
  }

  private pin({domain, units}: Load): void {
    const set = (): Set<number> | undefined =>
      this.chance.chance(0.3) ? undefined : new Set([this.chance.below(HOST_CPUS), this.chance.below(HOST_CPUS)]);
    domain.sched.pool.setAffinity(units[this.chance.below(2)], set(), set());
  }

  private adjust(unit: SchedUnit): void {
    const weight = 1 + this.chance.below(1000);
    this.cpus.sched.setCredit(unit.domain, {weight, cap: this.chance.chance(0.7) ? 0 : 1 + this.chance.below(200)});
    const periodUs = 1000 + this.chance.below(20_000);
    const budgetUs = 100 + this.chance.below(periodUs - 100);
    this.cpus.sched.setRtds(unit, {periodUs, budgetUs, extratime: this.chance.chance(0.5)});
  }

  private destroy(load: Load): void {
    this.loads.splice(this.loads.indexOf(load), 1);
    this.cpus.xen.destroy(load.domain);
  }
}

for (const [index, policy] of POLICIES.entries()) {
  test(`${policy}: nobody is lost, and no CPU is idle for nothing, whatever happens`, async (t) => {
    for (let seed = 1; seed <= 4; seed++) {
      const chaos = new Chaos(policy, POLICIES[(index + seed) % POLICIES.length], seed);
      for (let step = 0; step < STEPS; step++) {
        await chaos.step();
        for (const pool of chaos.cpus.sched.pools.values()) {
          const fault = faultOf(pool);
          if (fault !== undefined) t.fail(`seed ${seed}, step ${step}, ${pool.policy.name}: ${fault}`);
        }
      }
    }
    t.pass();
  });
}
