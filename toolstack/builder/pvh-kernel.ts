import {isBzImage, unpackBzImage} from './bzimage.ts';
import {type ElfKernel, isElf, KernelFormatError, parseElf} from './elf.ts';
import {checkRegular, readRegular} from './read-file.ts';

/** The kernel loaded last: unpacking one takes a second or two, and a host boots the same one again and again. */
let last: {key: string; kernel: ElfKernel} | undefined;

/** Reads a bzImage or an ELF kernel. Throws KernelFormatError. */
export const loadPvhKernel = async (path: string): Promise<ElfKernel> => {
  const {sizeBytes, mtimeMs} = await checkRegular(path);
  const key = `${path} ${sizeBytes} ${mtimeMs}`;
  if (last?.key === key) return last.kernel;
  const kernel = parseElf(await readElf(path));
  last = {key, kernel};
  return kernel;
};

const readElf = async (path: string): Promise<Uint8Array> => {
  const file = await readRegular(path);
  if (isElf(file)) return file;
  if (isBzImage(file)) return unpackBzImage(file);
  throw new KernelFormatError('no loader found: neither an ELF file nor a bzImage, nor a guest program (.ts, .js)');
};
