import * as abi from '../abi/xen.ts';
import type {Hypervisor} from '../hypervisor.ts';
import type {Vcpu} from '../vcpu/vcpu.ts';

const PREFIX = '__HYPERVISOR_';
const NAMES = new Map(
  Object.entries(abi).flatMap(([name, value]) =>
    name.startsWith(PREFIX) && typeof value === 'number' ? [[value, name.slice(PREFIX.length)] as const] : [],
  ),
);

/** What each vCPU has done since it was made; calls that this hypervisor does not know have a line of their own. */
export const dumpCounters = (xen: Hypervisor): string[] => [
  'Xen performance counters',
  ...xen.allDomains().flatMap(({id, vcpus}) => vcpus.flatMap((vcpu, index) => vcpuLines(`d${id}v${index}`, vcpu))),
];

const vcpuLines = (name: string, vcpu: Vcpu): string[] => {
  const {instructions, upcalls, interrupts, exits, hypercalls, unknownHypercalls} = vcpu.counters();
  const calls = Array.from(hypercalls, ([number, count]) => [NAMES.get(number) ?? String(number), count] as const);
  return [
    `${name}: instructions=${instructions} upcalls=${upcalls} interrupts=${interrupts}`,
    `  exits: ${list(Object.entries(exits))}`,
    `  hypercalls: ${list(calls)}`,
    ...(unknownHypercalls.size > 0 ? [`  unknown (number:command): ${list([...unknownHypercalls])}`] : []),
  ];
};

const list = (counts: readonly (readonly [string, number])[]): string =>
  counts.length === 0 ? 'none' : counts.map(([name, count]) => `${name}=${count}`).join(' ');
