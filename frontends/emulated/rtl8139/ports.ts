import type {TrappedIo} from '../../../hypervisor/ioreq/index.ts';

/** The chip's ports: each call is an exit. */
export class Ports {
  private readonly io: TrappedIo;
  private readonly base: number;

  constructor(io: TrappedIo, base: number) {
    this.io = io;
    this.base = base;
  }

  in8(register: number): number {
    return this.io.readPort(this.base + register, 1);
  }

  in16(register: number): number {
    return this.io.readPort(this.base + register, 2);
  }

  in32(register: number): number {
    return this.io.readPort(this.base + register, 4);
  }

  out8(register: number, value: number): void {
    this.io.writePort(this.base + register, 1, value);
  }

  out16(register: number, value: number): void {
    this.io.writePort(this.base + register, 2, value);
  }

  out32(register: number, value: number): void {
    this.io.writePort(this.base + register, 4, value);
  }
}
