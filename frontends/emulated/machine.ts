import type {HypervisorOps} from '../../hypervisor/index.ts';
import type {TrappedIo} from '../../hypervisor/ioreq/index.ts';
import {GuestInterrupts} from './interrupts.ts';

/** What a native driver is handed of an HVM guest: instructions that trap, interrupt lines, and the guest's own memory. */
export interface NativeMachine {
  readonly io: TrappedIo;
  readonly interrupts: GuestInterrupts;
  /** Memory, free frames, clock. A driver of emulated hardware makes no hypercalls. */
  readonly ops: Pick<HypervisorOps, 'memory' | 'pages' | 'schedule'>;
}

/** Undefined for a kernel without emulated hardware: PV or PVH. */
export const nativeMachine = (ops: HypervisorOps): NativeMachine | undefined => {
  const {io} = ops;
  return io === undefined ? undefined : {io, interrupts: new GuestInterrupts(io), ops};
};
