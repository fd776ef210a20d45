import type {Domain} from '../domain.ts';
import type {DomainInfo} from '../domain-info.ts';
import {VIRQ_DEBUG} from '../abi/xen.ts';
import type {Hypervisor} from '../hypervisor.ts';

/** What is known of each domain; each is asked to print what it knows itself. @see golden/cli/xl-debug-keys-q.txt */
export const dumpDomains = (xen: Hypervisor): string[] => {
  const lines = [`'q' pressed -> dumping domain info (now = ${Math.round(xen.schedule.now())})`];
  for (const domain of xen.allDomains()) {
    const info = xen.domainTable.get(domain.id);
    if (info !== undefined) lines.push(...generalLines(domain, info), ...vcpuLines(domain));
  }
  for (const domain of xen.allDomains()) {
    for (let vcpu = 0; vcpu < domain.vcpus.length; vcpu++) {
      lines.push(
        `Notifying guest ${domain.id}:${vcpu} (virq ${VIRQ_DEBUG}, port ${domain.virqPorts.get(VIRQ_DEBUG) ?? 0})`,
      );
    }
    xen.sendDebugVirq(domain);
  }
  return lines;
};

const generalLines = ({id, memory, maptrack, grants}: Domain, info: DomainInfo): string[] => [
  `General information for domain ${id}:`,
  `    dying=${Number(info.dying)} shutdown=${info.shutdownReason ?? '-'}`,
  `    nr_pages=${info.totalPages} max_pages=${info.maxPages} pod_pages=${info.podPages}`,
  `    handle=${info.handle}`,
  `    ${memory.toString()}, ${grants.pinned} grants mapped, ${maptrack.count} mappings of others' pages`,
];

const vcpuLines = (domain: Domain): string[] => [
  `VCPU information and callbacks for domain ${domain.id}:`,
  ...domain.vcpus.flatMap((vcpu, index) => {
    const pending = domain.sharedInfo.upcallPending(index) ? '01' : '00';
    const online = domain.onlineVcpus.has(index) ? 'online' : 'offline';
    return [
      `    VCPU${index}: CPU${domain.sched.units[index].cpu} ${online} upcall_pend=${pending} upcalls=${vcpu.upcalls} time=${Math.round(vcpu.cpuTimeNs)}ns`,
      `    pause_count=${domain.pauseCount}`,
    ];
  }),
];
