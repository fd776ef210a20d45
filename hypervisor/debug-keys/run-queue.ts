import type {Hypervisor} from '../hypervisor.ts';
import type {CpuPool, SchedUnit} from '../sched/index.ts';

/** Pools, their schedulers, and who runs and waits there. @see golden/cli/xl-debug-keys-r.txt */
export const dumpRunQueue = (xen: Hypervisor): string[] => {
  const {sched} = xen;
  const free = sched.freeCpus;
  return [
    `NOW=${Math.round(xen.schedule.now())}`,
    `Online Cpus: ${sched.cpus.join(',')}`,
    ...(free.length > 0 ? [`Free Cpus: ${free.join(',')}`] : []),
    ...[...sched.pools.values()].flatMap(poolLines),
  ];
};

const poolLines = (pool: CpuPool): string[] => {
  const {id, cpus, policy, domains} = pool;
  pool.settle();
  return [
    `Cpupool ${id}:`,
    `Cpus: ${cpus.join(',')}`,
    `Scheduler: ${policy.title} (${policy.name})`,
    ...policy.dump(),
    'Domain info:',
    ...[...domains].flatMap((domain) => [
      `\tDomain: ${domain.id} w ${domain.credit.weight} c ${domain.credit.cap} v ${domain.units.length}`,
      ...domain.units.filter(({online}) => online).map((unit) => `\t  ${unitLine(pool, unit)}`),
    ]),
    'RUNQ:',
    ...pool.queued().map((unit, index) => `\t${String(index).padStart(3)}: ${unitLine(pool, unit)}`),
    'CPUs info:',
    ...pool
      .running()
      .flatMap(({cpu, unit}) => [
        `CPU[${String(cpu).padStart(2, '0')}] current=${unit?.toString() ?? `d[IDLE]v${cpu}`}`,
        ...(unit === undefined ? [] : [`\trun: ${unitLine(pool, unit)}`]),
      ]),
  ];
};

const unitLine = ({policy}: CpuPool, unit: SchedUnit): string =>
  `[${unit.domain.id}.${unit.index}] ${policy.describe(unit)}`;
