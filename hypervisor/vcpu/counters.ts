/** Why the CPU left the guest's code for the host. */
export type ExitReason = 'hypercall' | 'cpuid' | 'msr' | 'io' | 'mmio' | 'eoi' | 'halt' | 'slice';

/** What a vCPU has done since it was made, as a value that does not change any more. */
export interface VcpuCounters {
  /** Instructions retired; 0 for a program, whose code is the host's. */
  readonly instructions: number;
  /** Upcalls delivered. */
  readonly upcalls: number;
  /** Interrupts of emulated devices. */
  readonly interrupts: number;
  /**
   * `io` is accesses to ports, `mmio` those to addresses without memory; a REP INS or OUTS counts once a page. `eoi` is
   * ends of interrupts, of those for upcalls too. `slice` is a time slice that ended before the guest halted.
   */
  readonly exits: Readonly<Record<ExitReason, number>>;
  /** Calls by hypercall number, of those that were made. */
  readonly hypercalls: ReadonlyMap<number, number>;
  /** Calls that were answered -ENOSYS, by "number:first argument", the first of each kind first. */
  readonly unknownHypercalls: ReadonlyMap<string, number>;
}

export const noExits = (): Record<ExitReason, number> => ({
  hypercall: 0,
  cpuid: 0,
  msr: 0,
  io: 0,
  mmio: 0,
  eoi: 0,
  halt: 0,
  slice: 0,
});
