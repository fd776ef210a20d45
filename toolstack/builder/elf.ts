import {XEN_ELFNOTE_PHYS32_ENTRY} from '../../hypervisor/abi/elfnote.ts';

/** The file is not a kernel that can be started; the message says why, for a person, without the path. */
export class KernelFormatError extends Error {
  readonly code: string;

  /** `code` is that of the system's error for a file that cannot be read. */
  constructor(message: string, code = 'EINVAL') {
    super(message);
    this.code = code;
  }
}

export interface Segment {
  /** Physical address. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** In memory: `bytes`, then zeros. */
  readonly sizeBytes: number;
}

/** One of Xen's notes: what a kernel tells a domain builder. @see elfnote.h */
export interface XenNote {
  /** XEN_ELFNOTE_* */
  readonly type: number;
  readonly value: Uint8Array;
}

/** A kernel as a domain builder sees it. */
export interface ElfKernel {
  readonly segments: readonly Segment[];
  readonly notes: readonly XenNote[];
  /** Physical address of the entry point for the way it is booted. */
  readonly entry: number;
}

/** Where a kernel is entered; throws KernelFormatError when it has no such point. */
export type EntryOf = (header: DataView, notes: readonly XenNote[]) => number;

const ELF_MAGIC = 0x464c457f;
const CLASS_64 = 2;
const EM_386 = 3;
const PT_LOAD = 1;
const PT_NOTE = 4;
const HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;
const NOTE_HEADER_BYTES = 12;
const NOTE_OWNER = 'Xen\0';

interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

export const isElf = (file: Uint8Array): boolean => file.length >= 4 && viewOf(file).getUint32(0, true) === ELF_MAGIC;

/** Reads a 32-bit x86 kernel. Throws KernelFormatError. @see the ELF specification; elfnote.h */
export const parseElf = (file: Uint8Array, entryOf: EntryOf): ElfKernel => {
  if (!isElf(file)) throw new KernelFormatError('not an ELF file');
  if (file.length < HEADER_BYTES) throw new KernelFormatError('truncated: the ELF header is not complete');
  if (file[4] === CLASS_64)
    throw new KernelFormatError('a 64-bit kernel: the x86 engine of this host is 32-bit (i386)');
  const view = viewOf(file);
  if (view.getUint16(18, true) !== EM_386) throw new KernelFormatError('not a kernel for x86');
  const headers = programHeaders(view);
  for (const {offset, fileBytes} of headers) {
    if (offset + fileBytes > file.length)
      throw new KernelFormatError('truncated: a segment lies beyond the end of the file');
  }
  const bytesOf = ({offset, fileBytes}: ProgramHeader): Uint8Array => file.subarray(offset, offset + fileBytes);
  const notes = headers.filter(({type}) => type === PT_NOTE).flatMap((header) => xenNotes(bytesOf(header)));
  const entry = entryOf(view, notes);
  const segments = headers
    .filter(({type}) => type === PT_LOAD)
    .map((header) => ({
      address: header.address,
      bytes: bytesOf(header),
      sizeBytes: Math.max(header.fileBytes, header.memoryBytes),
    }));
  if (segments.length === 0) throw new KernelFormatError('it has no segment to load');
  if (!segments.some(({address, sizeBytes}) => entry >= address && entry < address + sizeBytes)) {
    throw new KernelFormatError(`its entry point 0x${entry.toString(16)} is in none of its segments`);
  }
  return {segments, notes, entry};
};

const viewOf = (file: Uint8Array): DataView => new DataView(file.buffer, file.byteOffset, file.byteLength);

const programHeaders = (view: DataView): ProgramHeader[] => {
  const start = view.getUint32(28, true);
  const entryBytes = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  if (entryBytes < PROGRAM_HEADER_BYTES || start + count * entryBytes > view.byteLength) {
    throw new KernelFormatError('truncated: the program headers are not complete');
  }
  return Array.from({length: count}, (_, i) => {
    const at = start + i * entryBytes;
    const word = (index: number): number => view.getUint32(at + index * 4, true);
    return {type: word(0), offset: word(1), address: word(3), fileBytes: word(4), memoryBytes: word(5)};
  });
};

/** @see elfnote.h, XEN_ELFNOTE_PHYS32_ENTRY */
export const pvhEntry: EntryOf = (_header, notes) => {
  const note = notes.find(({type, value}) => type === XEN_ELFNOTE_PHYS32_ENTRY && value.length >= 4);
  if (note !== undefined) return viewOf(note.value).getUint32(0, true);
  throw new KernelFormatError('no PVH entry point (ELF note XEN_ELFNOTE_PHYS32_ENTRY): Linux has it with CONFIG_PVH');
};

/** The ELF header's own, which for Linux is that of its 32-bit boot protocol. */
export const elfEntry: EntryOf = (header) => header.getUint32(24, true);

/** Xen's notes among those of a PT_NOTE segment, up to one that is not complete. */
const xenNotes = (notes: Uint8Array): XenNote[] => {
  const view = viewOf(notes);
  const found: XenNote[] = [];
  for (let at = 0; at + NOTE_HEADER_BYTES <= notes.length;) {
    const nameBytes = view.getUint32(at, true);
    const valueBytes = view.getUint32(at + 4, true);
    const type = view.getUint32(at + 8, true);
    const name = at + NOTE_HEADER_BYTES;
    const value = name + Math.ceil(nameBytes / 4) * 4;
    if (value + valueBytes > notes.length) break;
    const owner = new TextDecoder('latin1').decode(notes.subarray(name, name + nameBytes));
    if (owner === NOTE_OWNER) found.push({type, value: notes.subarray(value, value + valueBytes)});
    at = value + Math.ceil(valueBytes / 4) * 4;
  }
  return found;
};
