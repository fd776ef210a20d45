import {SHUTDOWN_crash} from '../../hypervisor/abi/sched.ts';
import {DOM0, type DomainInfo, type Hypervisor} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {NS_PER_S} from '../../hypervisor/schedule/index.ts';
import type {DomainSummary} from './api.ts';

export const MIB_PER_PAGE = PAGE_SIZE / 1024 / 1024;

/** A row of xl list. */
export const summarize = (xen: Hypervisor, info: DomainInfo, name: string | undefined): DomainSummary => {
  const isDom0 = info.domid === DOM0;
  const idle = !isDom0 && !info.paused && !info.shutdown && !info.dying;
  const flags: readonly (readonly [string, boolean])[] = [
    ['r', isDom0],
    ['b', idle],
    ['p', info.paused],
    ['s', info.shutdown],
    ['c', info.shutdownReason === SHUTDOWN_crash],
    ['d', info.dying],
  ];
  return {
    ...info,
    name: name ?? '(null)',
    memoryMib: Math.floor(info.totalPages * MIB_PER_PAGE),
    cpuSeconds: (xen.domain(info.domid)?.cpuTimeNs ?? 0) / NS_PER_S,
    state: flags.map(([letter, on]) => (on ? letter : '-')).join(''),
    uptimeSeconds: Math.floor((xen.schedule.now() - info.createdNs) / NS_PER_S),
  };
};
