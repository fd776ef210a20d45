import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {IoDevice} from '../bus/index.ts';

/** Registers in a row beside those in the table: `start` and `bytes` say where. */
export interface RegisterRow {
  readonly start: number;
  readonly bytes: number;
  readonly device: IoDevice;
}

/** 32-bit registers in a row that only hold what is written to them whole: MTA, VFTA, RAL and RAH. */
export class RegisterArray implements IoDevice {
  readonly words: Uint32Array;

  constructor(entries: number) {
    this.words = new Uint32Array(entries);
  }

  read(offset: number, size: IoSize): number {
    return readPart(this.words[offset >>> 2], offset, size);
  }

  write(offset: number, size: IoSize, value: number): void {
    if (size === 4) this.words[offset >>> 2] = value;
  }
}

/** What an access of less than 32 bits gets of a register's value. */
export const readPart = (value: number, offset: number, size: IoSize): number => {
  const shifted = value >>> ((offset & 3) * 8);
  return size === 4 ? shifted : shifted & ((1 << (size * 8)) - 1);
};
