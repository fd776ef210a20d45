/** A word of a program: its value, or the address of a label. */
export type Word = number | string;

/** An instruction, or data. */
export type Line = readonly Word[];

/** A program by its labels, which stand in order. */
export type Program = Readonly<Record<string, readonly Line[]>>;

export const phases = {dataOut: 0, dataIn: 1, command: 2, status: 3, messageOut: 6, messageIn: 7} as const;
export type PhaseName = keyof typeof phases;

/** Bits of instructions. @see LSI53C895A technical manual, chapter 5 */
const opcodes = {
  move: 0x08000000,
  moveFrom: 0x18000000,
  selectAtnFrom: 0x43000000,
  waitDisconnect: 0x48000000,
  waitReselect: 0x50000000,
  clear: 0x60000000,
  sfbrToRegister: 0x68000000,
  registerToSfbr: 0x70000000,
  registerToRegister: 0x78000000,
  jump: 0x80000000,
  return: 0x90000000,
  int: 0x98000000,
  intFly: 0x98100000,
  store: 0xe0000000,
  load: 0xe1000000,
} as const;

const signals = {ack: 1 << 6, atn: 1 << 3, carry: 1 << 10} as const;
const operators = {shiftLeft: 1, or: 2, and: 4} as const;

/** Bits of conditions: what is compared, and which way. */
const IF_TRUE = 1 << 19;
const COMPARE_DATA = 1 << 18;
const COMPARE_PHASE = 1 << 17;
const WAIT_FOR_PHASE = 1 << 16;
const DSA_RELATIVE = 1 << 28;

const phaseBits = (phase: PhaseName): number => phases[phase] << 24;
const unsigned = (word: number): number => word >>> 0;

/** When a jump is taken. */
export const always = IF_TRUE;
export const when = (phase: PhaseName): number => IF_TRUE | COMPARE_PHASE | WAIT_FOR_PHASE | phaseBits(phase);
export const unless = (phase: PhaseName): number => COMPARE_PHASE | WAIT_FOR_PHASE | phaseBits(phase);
export const ifPhase = (phase: PhaseName): number => IF_TRUE | COMPARE_PHASE | phaseBits(phase);
export const ifByte = (byte: number): number => IF_TRUE | COMPARE_DATA | byte;

/** `count` bytes at an address. */
export const move = (count: number, address: Word, phase: PhaseName): Line => [
  unsigned(opcodes.move | phaseBits(phase) | count),
  address,
];
/** As many and where an entry says that lies `entry` bytes from DSA. */
export const moveFrom = (entry: number, phase: PhaseName): Line => [
  unsigned(opcodes.moveFrom | phaseBits(phase)),
  entry,
];
/** Goes to `otherwise` when somebody has reselected the chip. */
export const selectAtnFrom = (entry: number, otherwise: Word): Line => [
  unsigned(opcodes.selectAtnFrom | entry),
  otherwise,
];
export const waitDisconnect: Line = [opcodes.waitDisconnect, 0];
/** Goes to `otherwise` when the host gives a signal. */
export const waitReselect = (otherwise: Word): Line => [opcodes.waitReselect, otherwise];
export const clear = (signal: keyof typeof signals): Line => [opcodes.clear | signals[signal], 0];

const arithmetic =
  (opcode: number) =>
  (register: number, operator: keyof typeof operators, data = 0): Line => [
    unsigned(opcode | (operators[operator] << 24) | ((register & 0x7f) << 16) | (register & 0x80) | (data << 8)),
    0,
  ];
export const sfbrToRegister = arithmetic(opcodes.sfbrToRegister);
export const registerToSfbr = arithmetic(opcodes.registerToSfbr);
export const registerToRegister = arithmetic(opcodes.registerToRegister);

export const jump = (target: Word, condition = always): Line => [unsigned(opcodes.jump | condition), target];
/** To where TEMP points. */
export const returnToTemp: Line = [unsigned(opcodes.return | always), 0];
/** Stops with `code` in DSPS. */
export const int = (code: number, condition = always): Line => [unsigned(opcodes.int | condition), code];
export const intFly: Line = [unsigned(opcodes.intFly | always), 0];

const transferWord =
  (opcode: number) =>
  (register: number, place: Word | {dsa: number}): Line => {
    const isRelative = typeof place === 'object';
    const bits = opcode | (register << 16) | 4 | (isRelative ? DSA_RELATIVE : 0);
    return [unsigned(bits), isRelative ? place.dsa : place];
  };
/** A register's four bytes from or to an address, or so many bytes from DSA. */
export const load = transferWord(opcodes.load);
export const store = transferWord(opcodes.store);

/** A word of data. */
export const word = (value: Word): Line => [value];

/** A program where it will lie. */
export interface Assembled {
  readonly words: Uint32Array;
  /** Throws for a label that is not there. */
  addressOf(label: string): number;
}

export const assemble = (program: Program, base: number): Assembled => {
  const labels = new Map<string, number>();
  let end = base;
  for (const [label, lines] of Object.entries(program)) {
    labels.set(label, end);
    end += lines.flat().length * 4;
  }
  const addressOf = (label: string): number => {
    const address = labels.get(label);
    if (address === undefined) throw new Error(`no label ${label}`);
    return address;
  };
  const words = Object.values(program).flat(2);
  return {words: Uint32Array.from(words, (each) => (typeof each === 'string' ? addressOf(each) : each)), addressOf};
};
