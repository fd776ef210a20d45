import {address64, DESCRIPTOR_BYTES} from '../nic/index.ts';
import type {RegisterFile} from '../registers/index.ts';
import type {E1000Register} from './registers.ts';

/** The registers of the two rings. */
export const ringRegisters = {
  receive: {base: 'RDBAL', baseHigh: 'RDBAH', length: 'RDLEN', head: 'RDH', tail: 'RDT'},
  transmit: {base: 'TDBAL', baseHigh: 'TDBAH', length: 'TDLEN', head: 'TDH', tail: 'TDT'},
} as const;

type RingRegisters = (typeof ringRegisters)[keyof typeof ringRegisters];

/**
 * A ring of descriptors in the guest's memory: from head on they are the controller's, from tail on the driver's. All of it
 * is the guest's to write: a head or a tail that is not in the ring leaves the controller nothing.
 */
export class DescriptorRing {
  private readonly registers: RegisterFile<E1000Register>;
  private readonly names: RingRegisters;

  constructor(registers: RegisterFile<E1000Register>, names: RingRegisters) {
    this.registers = registers;
    this.names = names;
  }

  get entries(): number {
    return this.registers.get(this.names.length) / DESCRIPTOR_BYTES;
  }

  /** Descriptors that are the controller's. */
  get owned(): number {
    const {entries, head} = this;
    const tail = this.registers.get(this.names.tail);
    if (head >= entries || tail >= entries) return 0;
    return (tail - head + entries) % entries;
  }

  /** Physical address of the descriptor at head. */
  get headAddress(): number {
    const {registers, names} = this;
    return address64(registers.get(names.base), registers.get(names.baseHigh)) + this.head * DESCRIPTOR_BYTES;
  }

  /** Gives the descriptor at head back. */
  advance(): void {
    this.registers.set(this.names.head, (this.head + 1) % this.entries);
  }

  private get head(): number {
    return this.registers.get(this.names.head);
  }
}
