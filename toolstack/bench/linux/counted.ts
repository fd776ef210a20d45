import type {VcpuCounters} from '../../../hypervisor/vcpu/index.ts';

/** What a vCPU did, or what it did an I/O. */
export interface Counted {
  /** Exits: accesses to ports, a REP INS or OUTS once a page; accesses to device memory; hypercalls; ends of interrupts. */
  readonly port: number;
  readonly mmio: number;
  readonly hypercall: number;
  readonly eoi: number;
  /** Into the guest: interrupts of emulated devices, upcalls for events. */
  readonly interrupt: number;
  readonly upcall: number;
  readonly instructions: number;
}

export const countedOf = ({exits, interrupts, upcalls, instructions}: VcpuCounters): Counted => ({
  port: exits.io,
  mmio: exits.mmio,
  hypercall: exits.hypercall,
  eoi: exits.eoi,
  interrupt: interrupts,
  upcall: upcalls,
  instructions,
});

export const countedNames = ['port', 'mmio', 'hypercall', 'eoi', 'interrupt', 'upcall', 'instructions'] as const;

const combine = (a: Counted, b: Counted, each: (a: number, b: number) => number): Counted =>
  Object.fromEntries(countedNames.map((name) => [name, each(a[name], b[name])])) as unknown as Counted;

export const minus = (a: Counted, b: Counted): Counted => combine(a, b, (x, y) => x - y);

export const plus = (a: Counted, b: Counted): Counted => combine(a, b, (x, y) => x + y);

export const times = (a: Counted, factor: number): Counted => combine(a, a, (x) => x * factor);
