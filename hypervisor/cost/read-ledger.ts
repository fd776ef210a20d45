import type {Domain} from '../domain.ts';
import type {Hypervisor} from '../hypervisor.ts';
import type {VcpuCounters} from '../vcpu/counters.ts';
import {counted, primitiveNames, type PrimitiveName} from './primitives.ts';
import {type Counts, type Entry, sum} from './reading.ts';

/** What the engine counts of a vCPU, of whatever device. */
const countOf: Partial<Record<PrimitiveName, (counters: VcpuCounters) => number>> = {
  pio: ({exits}) => exits.io,
  mmio: ({exits}) => exits.mmio,
  halt: ({exits}) => exits.halt,
  cpuid: ({exits}) => exits.cpuid,
  msr: ({exits}) => exits.msr,
  eoi: ({exits}) => exits.eoi,
  hypercall: ({exits}) => exits.hypercall,
  irq: ({interrupts}) => interrupts,
  instructions: ({instructions}) => instructions,
};

/**
 * All accounts of a host as they stand now; undefined where no ledger is kept. What kernels in the x86 engine did beyond
 * the work for their devices has an account of its own: "cpu".
 */
export const readLedger = (xen: Hypervisor): Entry[] | undefined => {
  if (xen.ledger === null) return undefined;
  const entries = xen.ledger.read();
  return [...entries, ...xen.allDomains().flatMap((domain) => cpuEntry(domain, entries))];
};

const cpuEntry = (domain: Domain, entries: readonly Entry[]): Entry[] => {
  const counts = enginesCounts(domain);
  if (counts[counted.instructions] === 0) return [];
  const own = entries.filter(({domid, side}) => domid === domain.id && side === 'front');
  const ofDevices = sum(own);
  // Configuration space is reached through ports.
  ofDevices[counted.pio] += ofDevices[counted.pciConfig];
  return [
    {domid: domain.id, device: 'cpu', side: 'front', counts: counts.map((n, i) => Math.max(0, n - ofDevices[i]))},
  ];
};

const enginesCounts = ({vcpus}: Domain): Counts => {
  const counters = vcpus.map((vcpu) => vcpu.counters());
  return Float64Array.from(primitiveNames, (name) =>
    counters.reduce((total, each) => total + (countOf[name]?.(each) ?? 0), 0),
  );
};
