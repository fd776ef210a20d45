import {strtoul} from '../c-numbers.ts';
import type {JsonObject} from '../yajl.ts';
import {ARCH_CAPABILITY_BITS, CPUID_FIELDS, MSR_ARCH_CAPABILITIES, type CpuidField, type Register} from './features.ts';

const REGISTERS: readonly Register[] = ['eax', 'ebx', 'ecx', 'edx'];
const REGISTER_BITS = 32;
const MSR_BITS = 64;

/** libxl's mark for "no subleaf". */
const NO_SUBLEAF = 0xffff_ffff;

type Leaf = {leaf: number; subleaf: number; registers: Partial<Record<Register, string>>};

/** Why a part of cpuid= was not taken, by libxl's number. */
export type CpuidError = {number: number; text: string};

const FLAG_ERRORS: readonly CpuidError[] = [
  {number: 1, text: 'missing "=" in key=value'},
  {number: 2, text: 'unknown CPUID flag name'},
  {number: 3, text: 'illegal CPUID value (must be: [0|1|x|k|s])'},
];

const LINE_ERRORS: readonly CpuidError[] = [
  {number: 1, text: 'illegal leaf number'},
  {number: 2, text: 'illegal subleaf number'},
  {number: 3, text: 'missing colon'},
  {number: 4, text: 'invalid register name (must be e[abcd]x)'},
  {number: 5, text: 'policy string must be exactly 32 characters long'},
];

/**
 * A guest's CPUID policy as libxl keeps it: for each leaf a string of 32 characters a register, the highest bit first;
 * x leaves a bit to Xen, k and s keep the host's.
 * @see xl.cfg(5), "cpuid"
 */
export class CpuidPolicy {
  readonly #leaves: Leaf[] = [];
  #archCapabilities: string | undefined;

  get isEmpty(): boolean {
    return this.#leaves.length === 0 && this.#archCapabilities === undefined;
  }

  /** Takes one `name=value` of the form that begins with `host`. */
  addFlag(text: string): CpuidError | undefined {
    const equals = text.indexOf('=');
    if (equals === -1) return FLAG_ERRORS[0];
    const name = text.slice(0, equals);
    const value = text.slice(equals + 1);
    const field = CPUID_FIELDS.get(name);
    if (field !== undefined) return this.#setField(name, field, value);
    const bit = ARCH_CAPABILITY_BITS.get(name);
    return bit === undefined ? FLAG_ERRORS[1] : this.#setMsrBit(bit, value);
  }

  /** Takes one line of the old form, `leaf[,subleaf]:eax=BITS,...`; what stood before a mistake counts. */
  addLine(text: string): CpuidError | undefined {
    const leaf = strtoul(text, 0);
    if (leaf.length === 0) return LINE_ERRORS[0];
    let rest = text.slice(leaf.length);
    let subleaf = BigInt(NO_SUBLEAF);
    if (rest.startsWith(',')) {
      const number = strtoul(rest.slice(1), 0);
      if (number.length === 0) return LINE_ERRORS[1];
      subleaf = number.value;
      rest = rest.slice(1 + number.length);
    }
    if (!rest.startsWith(':')) return LINE_ERRORS[2];
    return setRegisters(this.#leaf(u32(leaf.value), u32(subleaf)), rest.slice(1));
  }

  toJson(): JsonObject {
    const cpuid = this.#leaves.map(({leaf, subleaf, registers}) => ({
      leaf,
      ...(subleaf !== NO_SUBLEAF && {subleaf}),
      ...Object.fromEntries(REGISTERS.filter((name) => registers[name]).map((name) => [name, registers[name]])),
    }));
    const policy = this.#archCapabilities;
    return {cpuid, msr: policy === undefined ? [] : [{index: MSR_ARCH_CAPABILITIES, policy}]};
  }

  #leaf(leaf: number, subleaf = NO_SUBLEAF): Leaf {
    let found = this.#leaves.find((entry) => entry.leaf === leaf && entry.subleaf === subleaf);
    if (found === undefined) this.#leaves.push((found = {leaf, subleaf, registers: {}}));
    return found;
  }

  #setField(name: string, field: CpuidField, value: string): CpuidError | undefined {
    const {registers} = this.#leaf(field.leaf, field.subleaf);
    const bits = fieldBits(value, field.width);
    if (bits === undefined) return FLAG_ERRORS[2];
    const before = registers[field.register] ?? 'x'.repeat(REGISTER_BITS);
    const parts = SPLIT_FIELDS[name]?.(bits, Number(strtoul(value, 0).value)) ?? [{bit: field.bit, bits}];
    registers[field.register] = parts.reduce(
      (policy, part) => replaced(policy, REGISTER_BITS - part.bits.length - part.bit, part.bits),
      before,
    );
    return undefined;
  }

  /** An MSR takes single characters only; the old s means k. */
  #setMsrBit(bit: number, value: string): CpuidError | undefined {
    this.#archCapabilities ??= 'x'.repeat(MSR_BITS);
    if (!/^[01xks]$/.test(value)) return FLAG_ERRORS[2];
    this.#archCapabilities = replaced(this.#archCapabilities, MSR_BITS - 1 - bit, value === 's' ? 'k' : value);
    return undefined;
  }
}

const u32 = (value: bigint): number => Number(BigInt.asUintN(32, value));

const replaced = (text: string, at: number, part: string): string =>
  text.slice(0, at) + part + text.slice(at + part.length);

/** A number in binary, or one of the letters for every bit. */
const fieldBits = (value: string, width: number): string | undefined => {
  const {value: number, length} = strtoul(value, 0);
  if (length > 0) return BigInt.asUintN(width, number).toString(2).padStart(width, '0');
  return /^[xks]/.test(value) ? value.charAt(0).repeat(width) : undefined;
};

type Part = {bit: number; bits: string};

/** Family and model lie in two places of leaf 1, eax. @see Intel SDM, CPUID leaf 1 */
const SPLIT_FIELDS: Readonly<Record<string, (bits: string, number: number) => Part[]>> = {
  family: (bits, number) =>
    number < 16
      ? [
          {bit: 8, bits: bits.slice(4)},
          {bit: 20, bits: '00000000'},
        ]
      : [
          {bit: 8, bits: '1111'},
          {bit: 20, bits: `${bits.charAt(0)}${((number - 15) & 0x7f).toString(2).padStart(7, '0')}`},
        ],
  model: (bits) => [
    {bit: 16, bits: bits.slice(0, 4)},
    {bit: 4, bits: bits.slice(4)},
  ],
};

const REGISTER = /^e([abcd])x[^=]*=([^,]*)/;

const setRegisters = ({registers}: Leaf, text: string): CpuidError | undefined => {
  for (let rest = text; rest !== '';) {
    const match = REGISTER.exec(rest);
    if (match === null) return LINE_ERRORS[3];
    const [all, letter, bits] = match;
    if (bits.length !== REGISTER_BITS) return LINE_ERRORS[4];
    registers[`e${letter}x` as Register] = bits;
    rest = rest.slice(all.length).replace(/^,[ \n]*/, '');
  }
  return undefined;
};
