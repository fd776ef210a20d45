/** Words of a 93C46: 64 of 16 bits. */
export const MICROWIRE_WORDS = 64;
const ADDRESS_BITS = 6;
const ADDRESS_MASK = MICROWIRE_WORDS - 1;
/** Opcode and address, after the start bit. */
const COMMAND_BITS = 2 + ADDRESS_BITS;
const WORD_BITS = 16;
const ERASED = 0xffff;

const opcodes = {extended: 0, write: 1, read: 2, erase: 3} as const;
/** The upper address bits of an extended command. */
const extended = {disable: 0, writeAll: 1, eraseAll: 2, enable: 3} as const;

/** What the next clocks are for. */
type Phase = 'start' | 'command' | 'read' | 'write' | 'write-all' | 'done';

/**
 * A 93C46: the serial EEPROM on a NIC, with three wires in and one out. It looks at its data with each rising clock while
 * it is selected.
 * @see National Semiconductor, NM93C46, "Functional Description"
 */
export class Microwire {
  readonly words: Uint16Array;
  private phase: Phase = 'done';
  private isSelected = false;
  private clock = false;
  private output = true;
  private isWritable = false;
  /** Bits that came in, and how many. */
  private shifted = 0;
  private bits = 0;
  private address = 0;

  constructor(words: Uint16Array) {
    this.words = words;
  }

  /** Its DO wire; high while it is not driven, and when it is ready after a write. */
  get dataOut(): boolean {
    return this.output;
  }

  /** CS, SK and DI. */
  setWires(select: boolean, clock: boolean, dataIn: boolean): void {
    const rises = clock && !this.clock;
    this.clock = clock;
    if (select && !this.isSelected) this.enter('start');
    this.isSelected = select;
    if (!select) this.output = true;
    else if (rises) this.tick(dataIn ? 1 : 0);
  }

  private enter(phase: Phase): void {
    this.phase = phase;
    this.shifted = 0;
    this.bits = 0;
  }

  private tick(bit: number): void {
    if (this.phase === 'start') {
      if (bit === 1) this.enter('command');
      return;
    }
    if (this.phase === 'read') return this.shiftOut();
    this.shifted = (this.shifted << 1) | bit;
    this.bits++;
    if (this.phase === 'command' && this.bits === COMMAND_BITS) this.obey(this.shifted);
    else if (this.bits === WORD_BITS) this.store();
  }

  private obey(command: number): void {
    const opcode = command >>> ADDRESS_BITS;
    this.address = command & ADDRESS_MASK;
    if (opcode === opcodes.read) {
      this.enter('read');
      // A 0 goes before the data.
      this.output = false;
    } else if (opcode === opcodes.write) this.enter('write');
    else if (opcode === opcodes.erase) this.finish(this.address, this.address, ERASED);
    else this.obeyExtended(this.address >>> (ADDRESS_BITS - 2));
  }

  private obeyExtended(command: number): void {
    if (command === extended.writeAll) return this.enter('write-all');
    if (command === extended.eraseAll) return this.finish(0, ADDRESS_MASK, ERASED);
    this.isWritable = command === extended.enable;
    this.enter('done');
  }

  private store(): void {
    if (this.phase === 'write') this.finish(this.address, this.address, this.shifted);
    else if (this.phase === 'write-all') this.finish(0, ADDRESS_MASK, this.shifted);
  }

  private finish(first: number, last: number, value: number): void {
    if (this.isWritable) this.words.fill(value, first, last + 1);
    this.enter('done');
  }

  /** Words follow each other for as long as there are clocks. */
  private shiftOut(): void {
    this.output = ((this.words[this.address] >>> (WORD_BITS - 1 - this.bits)) & 1) === 1;
    this.bits = (this.bits + 1) % WORD_BITS;
    if (this.bits === 0) this.address = (this.address + 1) & ADDRESS_MASK;
  }
}
