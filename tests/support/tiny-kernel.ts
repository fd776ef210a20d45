/** PVH kernels of a few instructions, as ELF files: what a test wants to see the engine do, and nothing else. */

const EM_386 = 3;
const HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;
const CODE_OFFSET = 0x100;
export const LOAD_ADDRESS = 0x100000;

const u16 = (value: number): number[] => [value & 0xff, value >>> 8];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];

/** Opcode of `mov reg, imm32`. */
const movs = {eax: 0xb8, ecx: 0xb9, edx: 0xba, ebx: 0xbb, esi: 0xbe, edi: 0xbf};
type Registers = Partial<Record<keyof typeof movs, number>>;

export const mov = (registers: Registers): number[] =>
  Object.entries(registers).flatMap(([name, value]) => [movs[name as keyof typeof movs], ...u32(value >>> 0)]);

export const VMCALL = [0x0f, 0x01, 0xc1];
export const CPUID = [0x0f, 0xa2];
export const UD2 = [0x0f, 0x0b];
export const RDMSR = [0x0f, 0x32];
export const REP_STOSD = [0xf3, 0xab];
export const REP_OUTSB = [0xf3, 0x6e];
export const CLI = [0xfa];
/** Reads CR3 and writes it back: all translations are forgotten. */
export const FLUSH_TLB = [0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8];
export const LOOP_FOREVER = [0xeb, 0xfe];
export const CLI_HLT = [0xfa, 0xf4];

/** The code again and again. */
export const again = (code: readonly number[]): number[] => [...code, 0xe9, ...u32(-(code.length + 5) >>> 0)];

/** Writes a byte to an I/O port. */
export const outb = (port: number, value: number): number[] => [0xb0, value, ...mov({edx: port}), 0xee];

export const hypercall = (number: number, ...args: number[]): number[] => {
  const [ebx = 0, ecx = 0, edx = 0, esi = 0, edi = 0] = args;
  return [...mov({eax: number, ebx, ecx, edx, esi, edi}), ...VMCALL];
};

/** Hypercalls whose argument is data behind the code: `data` says where it lies. */
export const withData = (data: Uint8Array, code: (address: number) => number[]): number[] => {
  const bytes = code(0).length;
  return [...code(LOAD_ADDRESS + bytes), ...data];
};

/** Says a text on the hypervisor's console, then shuts down with a reason. */
export const sayAndShutDown = (text: string, reason: number): number[] => {
  const said = new TextEncoder().encode(text);
  return withData(new Uint8Array([...u32(reason), ...said]), (at) => [
    ...hypercall(18, 0, said.length, at + 4),
    ...hypercall(29, 2, at),
    ...LOOP_FOREVER,
  ]);
};

export interface ElfOptions {
  /** 1 for 32 bits, 2 for 64. */
  elfClass?: number;
  machine?: number;
  withNote?: boolean;
  memoryBytes?: number;
  /** Of the note. */
  entry?: number;
}

/** An ELF file that loads `code` at LOAD_ADDRESS and is entered there. */
export const elfKernel = (code: readonly number[], options: ElfOptions = {}): Uint8Array => {
  const {elfClass = 1, machine = EM_386, withNote = true, memoryBytes = code.length, entry = LOAD_ADDRESS} = options;
  const note = [...u32(4), ...u32(4), ...u32(18), 0x58, 0x65, 0x6e, 0, ...u32(entry)];
  const noteOffset = HEADER_BYTES + 2 * PROGRAM_HEADER_BYTES;
  const noteBytes = withNote ? note.length : 0;
  const file = new Uint8Array(CODE_OFFSET + code.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, elfClass, 1, 1]);
  file.set([...u16(2), ...u16(machine), ...u32(1), ...u32(LOAD_ADDRESS), ...u32(HEADER_BYTES), ...u32(0)], 16);
  file.set([...u32(0), ...u16(HEADER_BYTES), ...u16(PROGRAM_HEADER_BYTES), ...u16(2)], 36);
  file.set(
    [
      ...[1, CODE_OFFSET, LOAD_ADDRESS, LOAD_ADDRESS, code.length, memoryBytes, 7, 4096].flatMap(u32),
      ...[4, noteOffset, 0, 0, noteBytes, noteBytes, 4, 4].flatMap(u32),
    ],
    HEADER_BYTES,
  );
  file.set(note, noteOffset);
  file.set(code, CODE_OFFSET);
  return file;
};

/** A bzImage (boot protocol 2.15) around a payload, packed or not. */
export const bzImage = (payload: Uint8Array, xloadflags = 0): Uint8Array => {
  const setup = new Uint8Array(1024);
  const view = new DataView(setup.buffer);
  setup[0x1f1] = 1;
  view.setUint16(0x1fe, 0xaa55, true);
  view.setUint32(0x202, 0x53726448, true);
  view.setUint16(0x206, 0x020f, true);
  view.setUint16(0x236, xloadflags, true);
  view.setUint32(0x248, 0, true);
  view.setUint32(0x24c, payload.length, true);
  return Buffer.concat([setup, payload]);
};
