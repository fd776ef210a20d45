import {
  codeOffset,
  exportedFunctions,
  importedFunctions,
  joinBytes,
  readBodies,
  readSections,
  type Section,
  SECTION_CODE,
  SECTION_CUSTOM,
  SECTION_EXPORT,
  SECTION_IMPORT,
  signedLeb,
  unsignedLeb,
  WasmReader,
  writeBodies,
  writeModule,
} from './wasm-binary.ts';

/**
 * Numbers by which the patched core calls its host through `io_port_read32`: above any I/O port, HOOK_CPUID the first and HOOK_EOI the last. Those above are
 * addresses without memory that are read 16 bits wide, for which the core has no import.
 */
export const HOOK_CPUID = 0x10000;
export const HOOK_WRMSR = 0x10001;
export const HOOK_RDMSR = 0x10002;
/** An undefined opcode, before its exception: VMCALL and VMMCALL end there. */
export const HOOK_UD = 0x10003;
/** REP INS and REP OUTS of any width. */
export const HOOK_STRING_IO = 0x10004;
/** The local APIC is told of the end of an interrupt; the answer means nothing. */
export const HOOK_EOI = 0x10005;

/** Instructions between two looks at clock and timers: as built, and as patched. A `rep` of 4 KiB counts as one. */
const CYCLES = 100_003;
const FEWER_CYCLES = 20_011;

const HOOK_IMPORT = 'io_port_read32';
const WRITE_IMPORT = 'mmap_write32';
const APIC_EOI = 0xfee000b0;
const STRING_IO = ['insb_rep', 'insw_rep', 'insd_rep', 'outsb_rep', 'outsw_rep', 'outsd_rep'];

const OP_END = 0x0b;
const OP_CALL = 0x10;
const OP_RETURN = 0x0f;
const OP_DROP = 0x1a;
const OP_IF = 0x04;
const OP_LOCAL_GET = 0x20;
const OP_I32_CONST = 0x41;
const OP_I32_EQ = 0x46;
const OP_I32_LT_U = 0x49;
const BLOCK_EMPTY = 0x40;
const NO_LOCALS = 0;

/** The module is not the build of v86 that this host knows. */
export class UnknownCoreError extends Error {
  constructor(detail: string) {
    super(`v86.wasm is not the build that this version knows (v86 0.5.462): ${detail}`);
    this.name = 'UnknownCoreError';
  }
}

/**
 * Puts a question to the host in front of some functions of v86's core: "handled?", and only if not the function's own
 * body. No index moves, as the import exists already. Custom sections (names) are dropped.
 */
export const patchCore = (module: Uint8Array): Uint8Array<ArrayBuffer> => {
  const sections = sectionsOf(module);
  const imports = importedFunctions(find(sections, SECTION_IMPORT));
  const hookImport = imports.indexOf(HOOK_IMPORT);
  if (hookImport < 0) throw new UnknownCoreError(`it does not import ${HOOK_IMPORT}`);
  const exported = exportedFunctions(find(sections, SECTION_EXPORT));
  const bodies = readBodies(find(sections, SECTION_CODE));
  const indexOf = (name: string): number => {
    const index = (exported.get(name) ?? -1) - imports.length;
    if (index < 0 || index >= bodies.length) throw new UnknownCoreError(`it does not export ${name}`);
    return index;
  };
  const raiseUd = onlyCallee(bodies[indexOf('instr32_0F01_0_reg')]) - imports.length;
  const hooked: readonly (readonly [number, number])[] = [
    [indexOf('instr_0FA2'), HOOK_CPUID],
    [indexOf('instr_0F30'), HOOK_WRMSR],
    [indexOf('instr_0F32'), HOOK_RDMSR],
    [raiseUd, HOOK_UD],
    ...STRING_IO.map((name) => [indexOf(name), HOOK_STRING_IO] as const),
  ];
  for (const [index, hook] of hooked) {
    if (bodies[index] === undefined) throw new UnknownCoreError(`function ${index} is not in it`);
    bodies[index] = withQuestion(bodies[index], hook, hookImport);
  }
  const read16 = indexOf('read16');
  bodies[read16] = readingWide(bodies[read16], indexOf('in_mapped_range') + imports.length, hookImport);
  const write32 = onlyCaller(bodies, imports.indexOf(WRITE_IMPORT));
  bodies[write32] = tellingEoi(bodies[write32], hookImport);
  const mainLoop = indexOf('main_loop');
  bodies[mainLoop] = lookMoreOften(bodies[mainLoop]);
  const kept = sections.filter(({id}) => id !== SECTION_CUSTOM);
  return writeModule(
    module,
    kept.map((section) => (section.id === SECTION_CODE ? writeBodies(bodies) : section)),
  );
};

const WASM_MAGIC = 0x6d736100;

const sectionsOf = (module: Uint8Array): Section[] => {
  const isWasm = module.length > 8 && new DataView(module.buffer, module.byteOffset).getUint32(0, true) === WASM_MAGIC;
  if (!isWasm) throw new UnknownCoreError('it is not a WebAssembly module');
  return readSections(module);
};

const find = (sections: readonly Section[], id: number): Section => {
  const section = sections.find((candidate) => candidate.id === id);
  if (section === undefined) throw new UnknownCoreError(`it has no section ${id}`);
  return section;
};

/** The body must be exactly: no locals, call, end. So the function that raises #UD is found, which has no export. */
const onlyCallee = (body: Uint8Array): number => {
  const reader = new WasmReader(body);
  const isCall = reader.u8() === NO_LOCALS && reader.u8() === OP_CALL;
  const callee = reader.u32();
  const isEnd = reader.u8() === OP_END && reader.at === body.length;
  if (!isCall || !isEnd) throw new UnknownCoreError('instr32_0F01_0_reg is not one call');
  return callee;
};

/** Of the core's functions, the one that calls an import. Calls have their operand in five bytes. */
const onlyCaller = (bodies: readonly Uint8Array[], callee: number): number => {
  const operand = Array.from({length: 5}, (_, i) => ((callee >>> (7 * i)) & 0x7f) | (i < 4 ? 0x80 : 0));
  const call = [OP_CALL, ...operand];
  const callers = [...bodies.keys()].filter((index) => occurrences(bodies[index], call).length > 0);
  if (callers.length !== 1) throw new UnknownCoreError(`${callers.length} functions call import ${callee}`);
  return callers[0];
};

const occurrences = (body: Uint8Array, code: readonly number[]): number[] => {
  const found: number[] = [];
  for (let at = body.indexOf(code[0]); at >= 0; at = body.indexOf(code[0], at + 1)) {
    if (code.every((byte, i) => body[at + i] === byte)) found.push(at);
  }
  return found;
};

/** Replaces the limit of the loop that executes instructions: the one comparison with that number in `main_loop`. */
const lookMoreOften = (body: Uint8Array): Uint8Array => {
  const comparison = [OP_I32_CONST, ...signedLeb(CYCLES), OP_I32_LT_U];
  const found = occurrences(body, comparison);
  if (found.length !== 1) throw new UnknownCoreError(`main_loop compares with ${CYCLES} ${found.length} times`);
  const [at] = found;
  const replacement = [OP_I32_CONST, ...signedLeb(FEWER_CYCLES), OP_I32_LT_U];
  return joinBytes([body.subarray(0, at), replacement, body.subarray(at + comparison.length)]);
};

const withQuestion = (body: Uint8Array, hook: number, hookImport: number): Uint8Array => {
  const question = [
    OP_I32_CONST,
    ...signedLeb(hook),
    OP_CALL,
    ...unsignedLeb(hookImport),
    OP_IF,
    BLOCK_EMPTY,
    OP_RETURN,
    OP_END,
  ];
  return withPrologue(body, question);
};

/** Of 16 bits at an address without memory the core reads two bytes, which a device would take for two accesses. */
const readingWide = (body: Uint8Array, inMappedRange: number, hookImport: number): Uint8Array => {
  const call = (index: number): number[] => [OP_LOCAL_GET, 0, OP_CALL, ...unsignedLeb(index)];
  return withPrologue(body, [...call(inMappedRange), OP_IF, BLOCK_EMPTY, ...call(hookImport), OP_RETURN, OP_END]);
};

/** Of a function whose parameters are an address and what is written there. */
const tellingEoi = (body: Uint8Array, hookImport: number): Uint8Array => {
  const isEoi = [OP_LOCAL_GET, 0, OP_I32_CONST, ...signedLeb(APIC_EOI), OP_I32_EQ];
  const tell = [OP_I32_CONST, ...signedLeb(HOOK_EOI), OP_CALL, ...unsignedLeb(hookImport), OP_DROP];
  return withPrologue(body, [...isEoi, OP_IF, BLOCK_EMPTY, ...tell, OP_END]);
};

const withPrologue = (body: Uint8Array, code: readonly number[]): Uint8Array => {
  const start = codeOffset(body);
  return joinBytes([body.subarray(0, start), code, body.subarray(start)]);
};
