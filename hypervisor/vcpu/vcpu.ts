import type {VcpuCounters} from './counters.ts';

/** What the hypervisor asks of the engine that runs a domain's code. */
export interface Vcpu {
  /** Event upcall: something is pending and the vCPU has upcalls unmasked. */
  kick(): void;
  /** The domain was unpaused: whatever was held back may run. */
  resume(): void;
  /** The HVM context of a vCPU whose domain has suspended. Not there: its code cannot be written down. */
  saveContext?(): Uint8Array;
  /** The suspension of the domain is cancelled: SCHEDOP_shutdown returns 1 in the guest. */
  cancelSuspend?(): void;
  /** The domain is going away; nothing of it may run any more. */
  stop(): void;
  /** It waits for an event: nothing of it is in the run queue. */
  readonly blocked: boolean;
  /** Nanoseconds of host time spent running it. */
  readonly cpuTimeNs: number;
  /** Upcalls delivered. */
  readonly upcalls: number;
  counters(): VcpuCounters;
  /** Registers, or whatever tells where it stands, in a line. */
  toString(): string;
}
