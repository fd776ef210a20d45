import type {Hypervisor} from '../hypervisor.ts';

/** The one run queue. @see golden/cli/xl-debug-keys-r.txt */
export const dumpRunQueue = (xen: Hypervisor): string[] => {
  const {schedule} = xen;
  const order = schedule.mode === 'real' ? 'first come, first served' : `drawn from seed ${schedule.seed}`;
  return [
    `NOW=${Math.round(schedule.now())}`,
    'Online Cpus: 0',
    `Scheduler: one run queue, ${order}`,
    'Domain info:',
    ...xen
      .allDomains()
      .flatMap((domain) => [
        `\tDomain: ${domain.id} v ${domain.vcpus.length} ${domain.runnable ? 'runnable' : 'held back'}, ${domain.schedule.toString()}`,
        ...domain.vcpus.map((vcpu, index) => `\t  [${domain.id}.${index}] cpu=0 time=${Math.round(vcpu.cpuTimeNs)}ns`),
      ]),
  ];
};
