import {GuestInterrupts} from '../../frontends/emulated/interrupts.ts';
import type {NativeMachine} from '../../frontends/emulated/machine.ts';
import type {TrappedIo} from '../../hypervisor/ioreq/index.ts';

/**
 * A guest's machine, and each access of its drivers that leaves the guest from now on: "in 3fd", "out 3f8", "ins 1f0",
 * "outs 1f0", "read f0000014", "write f0000014", "eoi 4". Numbers but lines are hexadecimal.
 */
export const logAccesses = ({io, ops}: NativeMachine): {machine: NativeMachine; log: string[]} => {
  const log: string[] = [];
  const note = (what: string, place: number): void => void log.push(`${what} ${place.toString(16)}`);
  const logged: TrappedIo = {
    readPort: (port, size) => (note('in', port), io.readPort(port, size)),
    writePort: (port, size, value) => (note('out', port), io.writePort(port, size, value)),
    readPortString: (port, size, address, count) => (note('ins', port), io.readPortString(port, size, address, count)),
    writePortString: (port, size, address, count) => (
      note('outs', port),
      io.writePortString(port, size, address, count)
    ),
    readMemory: (address, size) => (note('read', address), io.readMemory(address, size)),
    writeMemory: (address, size, value) => (note('write', address), io.writeMemory(address, size, value)),
    setInterruptHandler: (irq, handler) => io.setInterruptHandler(irq, handler),
    endOfInterrupt: (irq) => (log.push(`eoi ${irq}`), io.endOfInterrupt(irq)),
  };
  return {machine: {io: logged, interrupts: new GuestInterrupts(logged), ops}, log};
};
