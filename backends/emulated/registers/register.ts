/**
 * How a register takes accesses: `rw`; `ro`, writes go nowhere; `wo`, reads give 0; `w1c`, a bit is cleared by writing 1 to
 * it; `rc`, reading clears it, writes go nowhere.
 */
export type Access = 'rw' | 'ro' | 'wo' | 'w1c' | 'rc';

/** A row of a device's register table, as its datasheet has it. */
export interface Register<Name extends string = string> {
  readonly name: Name;
  /** Bytes from the start of the device's range. */
  readonly offset: number;
  /** Bytes: 1, 2, 4; a wider access takes several registers, a narrower one a part. */
  readonly size: 1 | 2 | 4;
  /** Value after reset; 0 by default. */
  readonly reset?: number;
  readonly access: Access;
  /** Bits that writes change (of `rw`) or may clear (of `w1c`); all by default. */
  readonly mask?: number;
}

/** What an access does besides. Values are unsigned. */
export interface RegisterHook {
  /** Gives the value read in place of the one kept. */
  readonly read?: () => number;
  /** Called after the write took effect, with what was written to the register's own width. */
  readonly write?: (written: number) => void;
}

export type RegisterHooks<Name extends string> = Readonly<Partial<Record<Name, RegisterHook>>>;
