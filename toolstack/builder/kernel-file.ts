import {isBzImage, setupHeader, unpackBzImage} from './bzimage.ts';
import {elfEntry, type ElfKernel, isElf, KernelFormatError, parseElf, pvhEntry} from './elf.ts';
import {checkRegular, readRegular} from './read-file.ts';

/** A kernel that is booted by Linux's own protocol. */
export interface LinuxKernel extends ElfKernel {
  /** The setup header as the file has it, which a loader hands on: the bytes from SETUP_HEADER on. */
  readonly setup: Uint8Array;
}

interface KernelFile {
  readonly elf: Uint8Array;
  /** Of a bzImage. */
  readonly setup: Uint8Array | undefined;
}

/** The file read last: unpacking one takes a second or two, and a host boots the same one again and again. */
let last: {key: string; file: KernelFile} | undefined;

/** Reads a bzImage or an ELF kernel with a PVH entry point. Throws KernelFormatError. */
export const loadPvhKernel = async (path: string): Promise<ElfKernel> => {
  const {elf} = await readKernelFile(path);
  return parseElf(elf, pvhEntry);
};

/** Reads a bzImage for an HVM guest. Throws KernelFormatError. */
export const loadLinuxKernel = async (path: string): Promise<LinuxKernel> => {
  const {elf, setup} = await readKernelFile(path);
  if (setup === undefined) throw new KernelFormatError('no bzImage: an HVM guest boots a Linux kernel directly');
  return {...parseElf(elf, elfEntry), setup};
};

const readKernelFile = async (path: string): Promise<KernelFile> => {
  const {sizeBytes, mtimeMs} = await checkRegular(path);
  const key = `${path} ${sizeBytes} ${mtimeMs}`;
  if (last?.key === key) return last.file;
  const file = await unpack(await readRegular(path));
  last = {key, file};
  return file;
};

const unpack = async (bytes: Uint8Array): Promise<KernelFile> => {
  if (isElf(bytes)) return {elf: bytes, setup: undefined};
  if (isBzImage(bytes)) return {elf: await unpackBzImage(bytes), setup: setupHeader(bytes)};
  throw new KernelFormatError('no loader found: neither an ELF file nor a bzImage, nor a guest program (.ts, .js)');
};
