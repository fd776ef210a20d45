import {DOM0, type DomainInfo, type Hypervisor} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {NS_PER_S} from '../../hypervisor/schedule/index.ts';
import type {DomainSummary} from './api.ts';

export const MIB_PER_PAGE = PAGE_SIZE / 1024 / 1024;

/** By SHUTDOWN_* reason; a reason beyond is '?'. */
const REASON_LETTERS = ['-', 'r', 's', 'c', 'w', 'S'];

/** A row of xl list. */
export const summarize = (xen: Hypervisor, info: DomainInfo, name: string | undefined): DomainSummary => {
  const isDom0 = info.domid === DOM0;
  const domain = xen.domain(info.domid);
  const isRunning = isDom0 || domain?.running === true;
  const isBlocked = !isDom0 && domain?.blocked === true;
  const reason = info.shutdown ? (REASON_LETTERS[info.shutdownReason ?? 0] ?? '?') : '-';
  const flag = (letter: string, on: boolean): string => (on ? letter : '-');
  return {
    ...info,
    name: name ?? '(null)',
    memoryMib: Math.floor(info.totalPages * MIB_PER_PAGE),
    cpuSeconds: (domain?.cpuTimeNs ?? 0) / NS_PER_S,
    state:
      flag('r', isRunning) +
      flag('b', isBlocked) +
      flag('p', info.paused) +
      flag('s', info.shutdown) +
      reason +
      flag('d', info.dying),
    uptimeSeconds: Math.floor((xen.schedule.now() - info.createdNs) / NS_PER_S),
  };
};
