import type {Register, RegisterHook, RegisterHooks} from './register.ts';

const BITS_PER_BYTE = 8;

const maskOf = (bytes: number): number => (bytes === 4 ? 0xffffffff : (1 << (bytes * BITS_PER_BYTE)) - 1);

interface Cell {
  readonly register: Register;
  readonly hook: RegisterHook;
  readonly mask: number;
  value: number;
}

/**
 * A device's registers, run by its table. Bytes that no register has read as 0 and take no writes. Accesses of any width
 * and place work; an access inside a wider register reads or writes its part, the rest as it is kept.
 */
export class RegisterFile<Name extends string> {
  private readonly cells: readonly Cell[];
  private readonly byName = new Map<string, Cell>();
  private readonly byByte = new Map<number, Cell>();

  constructor(table: readonly Register<Name>[], hooks?: RegisterHooks<Name>) {
    this.cells = table.map((register) => ({
      register,
      hook: hooks?.[register.name] ?? {},
      mask: (register.mask ?? maskOf(register.size)) >>> 0,
      value: (register.reset ?? 0) >>> 0,
    }));
    for (const cell of this.cells) {
      const {name, offset, size} = cell.register;
      if (this.byName.has(name)) throw new Error(`two registers are called ${name}`);
      this.byName.set(name, cell);
      for (let byte = offset; byte < offset + size; byte++) {
        if (this.byByte.has(byte)) throw new Error(`${name} lies over another register`);
        this.byByte.set(byte, cell);
      }
    }
  }

  /** The value as the device keeps it. */
  get(name: Name): number {
    return this.cell(name).value;
  }

  /** The device's own change: no access rules, no hooks. */
  set(name: Name, value: number): void {
    const cell = this.cell(name);
    cell.value = (value & maskOf(cell.register.size)) >>> 0;
  }

  /** Back to what the table says. */
  reset(): void {
    for (const cell of this.cells) cell.value = (cell.register.reset ?? 0) >>> 0;
  }

  /** The guest's read of 1, 2 or 4 bytes. */
  read(offset: number, size: number): number {
    let value = 0;
    for (let byte = 0; byte < size;) {
      const cell = this.byByte.get(offset + byte);
      if (cell === undefined) {
        byte++;
        continue;
      }
      const from = offset + byte - cell.register.offset;
      const bytes = Math.min(size - byte, cell.register.size - from);
      const part = (readCell(cell) >>> (from * BITS_PER_BYTE)) & maskOf(bytes);
      value |= part << (byte * BITS_PER_BYTE);
      byte += bytes;
    }
    return value >>> 0;
  }

  /** The guest's write. */
  write(offset: number, size: number, value: number): void {
    for (let byte = 0; byte < size;) {
      const cell = this.byByte.get(offset + byte);
      if (cell === undefined) {
        byte++;
        continue;
      }
      const from = offset + byte - cell.register.offset;
      const bytes = Math.min(size - byte, cell.register.size - from);
      const lanes = maskOf(bytes) << (from * BITS_PER_BYTE);
      writeCell(cell, ((value >>> (byte * BITS_PER_BYTE)) << (from * BITS_PER_BYTE)) & lanes, lanes);
      byte += bytes;
    }
  }

  /** "STATUS=0x50 ERROR=0x0" */
  toString(): string {
    return this.cells.map(({register, value}) => `${register.name}=0x${value.toString(16)}`).join(' ');
  }

  private cell(name: Name): Cell {
    const cell = this.byName.get(name);
    if (cell === undefined) throw new Error(`no register ${name}`);
    return cell;
  }
}

const readCell = (cell: Cell): number => {
  const {access} = cell.register;
  if (access === 'wo') return 0;
  const value = cell.hook.read?.() ?? cell.value;
  if (access === 'rc') cell.value = 0;
  return value;
};

/** `lanes`: the bits that the access covers. */
const writeCell = (cell: Cell, written: number, lanes: number): void => {
  const {access, size} = cell.register;
  const changed = cell.mask & lanes;
  if (access === 'rw' || access === 'wo') cell.value = ((cell.value & ~changed) | (written & changed)) >>> 0;
  else if (access === 'w1c') cell.value = (cell.value & ~(written & changed)) >>> 0;
  // A part of a wider register is written with the rest as it is, but for bits that a 1 would clear.
  const rest = access === 'rw' ? cell.value & ~lanes : 0;
  cell.hook.write?.(((written | rest) & maskOf(size)) >>> 0);
};
