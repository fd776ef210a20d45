import type {PrimitiveName} from '../../../hypervisor/cost/index.ts';
import type {BenchDriver} from '../driver.ts';

/** Legible on light and on dark ground: cold for paravirtual drivers, warm for emulated devices. */
const byKind: Readonly<Record<BenchDriver['kind'], readonly string[]>> = {
  pv: ['#2f81f7', '#12a594', '#8e7cf0', '#5b9e3c', '#0ea5e9'],
  emulated: ['#e5603a', '#d4a017', '#d6336c', '#b45309'],
};

/** Of each driver of a device, by its place among those of its kind. */
export const colorsOf = (drivers: readonly Pick<BenchDriver, 'name' | 'kind'>[]): Map<string, string> => {
  const next = {pv: 0, emulated: 0};
  return new Map(drivers.map(({name, kind}) => [name, byKind[kind][next[kind]++ % byKind[kind].length]]));
};

export interface CostGroup {
  readonly name: string;
  readonly color: string;
  /** Each is something that happens; the others are bytes, or said twice. */
  readonly happens: readonly PrimitiveName[];
  readonly costs: readonly PrimitiveName[];
}

const group = (
  name: string,
  color: string,
  happens: readonly PrimitiveName[],
  others: readonly PrimitiveName[] = [],
): CostGroup => ({name, color, happens, costs: [...happens, ...others]});

/** Parts of the bars. Warm: the guest stops at something emulated; cold: it talks to Xen; green: grants; grey: the rest. */
export const costGroups: readonly CostGroup[] = [
  group('port exits', '#e5603a', ['pio']),
  group('MMIO exits', '#d4a017', ['mmio', 'pciConfig']),
  group('device model', '#b4233c', [], ['ioreq']),
  group('interrupts and EOIs', '#e879a6', ['irq', 'eoi']),
  group('hypercalls', '#2f81f7', ['hypercall']),
  group('event upcalls', '#8e7cf0', ['upcall']),
  group('grants', '#5b9e3c', ['grantMap', 'grantUnmap', 'grantFlush', 'grantCopy', 'grantTransfer']),
  group('bytes copied', '#8b949e', [], ['grantCopyBytes', 'memcpyBytes']),
  group('other', '#5f6771', ['halt', 'cpuid', 'msr'], ['xenstoreOp', 'instructions']),
];
