import type {TapeUnit} from '../tape/tape-unit.ts';

/** Types of elements. @see SMC-3, "Element type codes" */
export const TRANSPORT = 1;
export const STORAGE = 2;
export const PORT = 3;
export const DRIVE = 4;

/** A cartridge as the changer knows it. */
export interface Volume {
  /** What is printed on it: up to 32 characters of ASCII. */
  readonly label: string;
  readonly path: string;
}

/** A place for one cartridge. */
export interface Element {
  readonly address: number;
  readonly type: number;
  /** Of a drive. */
  readonly drive?: TapeUnit;
  volume: Volume | undefined;
  /** Address of the slot that the cartridge came from. */
  source: number | undefined;
}

/** Addresses at which the elements of each type begin. */
const firstAddress: Readonly<Record<number, number>> = {
  [TRANSPORT]: 0x0000,
  [DRIVE]: 0x0100,
  [PORT]: 0x0300,
  [STORAGE]: 0x0400,
};

export const MAX_DRIVES = 64;
export const MAX_PORTS = 64;
export const MAX_SLOTS = 4096;

/** All elements of a changer, found by type and address. */
export class Elements {
  readonly all: readonly Element[];

  constructor(counts: {slots: number; ports: number; drives: readonly TapeUnit[]}) {
    const make = (type: number, count: number): Element[] =>
      Array.from({length: count}, (_, i) => ({
        address: firstAddress[type] + i,
        type,
        drive: type === DRIVE ? counts.drives[i] : undefined,
        volume: undefined,
        source: undefined,
      }));
    this.all = [
      ...make(TRANSPORT, 1),
      ...make(DRIVE, counts.drives.length),
      ...make(PORT, counts.ports),
      ...make(STORAGE, counts.slots),
    ];
  }

  get transport(): Element {
    return this.all[0];
  }

  ofType(type: number): readonly Element[] {
    return this.all.filter((element) => element.type === type);
  }

  at(address: number): Element | undefined {
    return this.all.find((element) => element.address === address);
  }

  /** Where the elements of a type begin, and how many they are: 0, 0 where there are none. */
  extent(type: number): readonly [first: number, count: number] {
    const {length} = this.ofType(type);
    return [length === 0 ? 0 : firstAddress[type], length];
  }
}
