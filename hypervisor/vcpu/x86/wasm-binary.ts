/** The little of the WebAssembly binary format that patching a module needs. @see WebAssembly Core Specification, "Binary Format" */

export const SECTION_CUSTOM = 0;
export const SECTION_IMPORT = 2;
export const SECTION_EXPORT = 7;
export const SECTION_CODE = 10;

const KIND_FUNCTION = 0;
const KIND_TABLE = 1;
const KIND_MEMORY = 2;
const KIND_GLOBAL = 3;

const HEADER_BYTES = 8;
const HAS_MAXIMUM = 1;

export interface Section {
  id: number;
  /** Content, without id and size. */
  bytes: Uint8Array;
}

/** Reads LEB128 numbers, names and vectors one after the other. */
export class WasmReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  u8(): number {
    return this.bytes[this.at++];
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value >>> 0;
    }
  }

  take(count: number): Uint8Array {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.u32()));
  }
}

export const unsignedLeb = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
};

export const signedLeb = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
};

export const readSections = (module: Uint8Array): Section[] => {
  const reader = new WasmReader(module, HEADER_BYTES);
  const sections: Section[] = [];
  while (reader.at < module.length) {
    const id = reader.u8();
    sections.push({id, bytes: reader.take(reader.u32())});
  }
  return sections;
};

export const joinBytes = (parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};

export const writeModule = (header: Uint8Array, sections: readonly Section[]): Uint8Array<ArrayBuffer> =>
  joinBytes([
    header.subarray(0, HEADER_BYTES),
    ...sections.flatMap(({id, bytes}) => [[id, ...unsignedLeb(bytes.length)], bytes]),
  ]);

/** Names of the imported functions, by function index. */
export const importedFunctions = (section: Section): string[] => {
  const reader = new WasmReader(section.bytes);
  const names: string[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    reader.name();
    const name = reader.name();
    const kind = reader.u8();
    if (kind === KIND_FUNCTION) {
      reader.u32();
      names.push(name);
    } else skipDescriptor(reader, kind);
  }
  return names;
};

const skipDescriptor = (reader: WasmReader, kind: number): void => {
  if (kind === KIND_GLOBAL) {
    reader.take(2);
    return;
  }
  if (kind === KIND_TABLE) reader.u8();
  else if (kind !== KIND_MEMORY) throw new Error(`import of kind ${kind}`);
  const limits = reader.u8();
  reader.u32();
  if ((limits & HAS_MAXIMUM) !== 0) reader.u32();
};

/** Function index by export name. */
export const exportedFunctions = (section: Section): Map<string, number> => {
  const reader = new WasmReader(section.bytes);
  const indexes = new Map<string, number>();
  for (let left = reader.u32(); left > 0; left--) {
    const name = reader.name();
    const kind = reader.u8();
    const index = reader.u32();
    if (kind === KIND_FUNCTION) indexes.set(name, index);
  }
  return indexes;
};

/** Bodies of the module's own functions: local declarations, then code. */
export const readBodies = (section: Section): Uint8Array[] => {
  const reader = new WasmReader(section.bytes);
  return Array.from({length: reader.u32()}, () => reader.take(reader.u32()));
};

export const writeBodies = (bodies: readonly Uint8Array[]): Section => ({
  id: SECTION_CODE,
  bytes: joinBytes([unsignedLeb(bodies.length), ...bodies.flatMap((body) => [unsignedLeb(body.length), body])]),
});

/** Where the code of a body begins, behind its local declarations. */
export const codeOffset = (body: Uint8Array): number => {
  const reader = new WasmReader(body);
  for (let left = reader.u32(); left > 0; left--) {
    reader.u32();
    reader.u8();
  }
  return reader.at;
};
