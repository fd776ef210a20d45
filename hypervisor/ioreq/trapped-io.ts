import {ioMeterOf} from '../cost/index.ts';
import type {Domain} from '../domain.ts';
import type {Task} from '../schedule/index.ts';
import {EmulatedIo} from './emulated-io.ts';
import type {MeterSlot} from './io-meter.ts';
import {ProgramPins} from './program-pins.ts';

/** The one that a program's drivers run on. */
const BOOT_VCPU = 0;

/** Bytes of one access. */
export type IoSize = 1 | 2 | 4;

/**
 * Emulated hardware as a TypeScript guest's native drivers reach it: each call is an instruction that traps. Values are
 * unsigned.
 */
export interface TrappedIo {
  /** IN and OUT. */
  readPort(port: number, size: IoSize): number;
  writePort(port: number, size: IoSize, value: number): void;
  /** REP INS and REP OUTS: `count` accesses to `port`, memory at a physical address. One exit a page. */
  readPortString(port: number, size: IoSize, address: number, count: number): void;
  writePortString(port: number, size: IoSize, address: number, count: number): void;
  /** Physical addresses at which there is no memory. */
  readMemory(address: number, size: IoSize): number;
  writeMemory(address: number, size: IoSize, value: number): void;
  /** Has the interrupt controller deliver a line, as a task of the guest's; undefined masks it. */
  setInterruptHandler(irq: number, handler: Task | undefined): void;
  /** Ends the interrupt: another one of this line can come. */
  endOfInterrupt(irq: number): void;
}

/** Ports alone, which is all that the PCI bus is set up by. */
export type PortIo = Pick<TrappedIo, 'readPort' | 'writePort'>;

const trappedIo = (io: EmulatedIo, pins: ProgramPins, vcpu: number): TrappedIo => ({
  readPort: (port, size) => io.readPort(vcpu, port, size),
  writePort: (port, size, value) => io.writePort(vcpu, port, size, value),
  readPortString: (port, size, address, count) => io.readPortString(vcpu, port, size, address, count),
  writePortString: (port, size, address, count) => io.writePortString(vcpu, port, size, address, count),
  readMemory: (address, size) => io.readMemory(vcpu, address, size),
  writeMemory: (address, size, value) => io.writeMemory(vcpu, address, size, value),
  setInterruptHandler: (irq, handler) => pins.setHandler(irq, handler),
  endOfInterrupt: (irq) => pins.eoi(irq),
});

/** Gives a domain whose kernel is a program an interrupt controller and emulated I/O. */
export const attachProgramIo = (domain: Domain): void => {
  const slot: MeterSlot = {meter: ioMeterOf(domain)};
  const pins = new ProgramPins(domain.schedule, slot);
  domain.io = new EmulatedIo(domain.vcpus.length, pins, slot);
  domain.trappedIo = trappedIo(domain.io, pins, BOOT_VCPU);
};
