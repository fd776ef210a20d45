import {decompress} from './decompress.ts';
import {KernelFormatError} from './elf.ts';

/** Offsets of the setup header. @see Linux, Documentation/arch/x86/boot.rst */
export const SETUP_HEADER = 0x1f1;
const SETUP_SECTS = 0x1f1;
const BOOT_FLAG = 0x1fe;
/** The second byte of a jump over the header, which ends where the jump goes. */
const JUMP = 0x201;
const HEADER_MAGIC = 0x202;
const VERSION = 0x206;
const XLOADFLAGS = 0x236;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const HEADER_END = 0x250;

const SECTOR_BYTES = 512;
const BOOT_SIGNATURE = 0xaa55;
const HDRS = 0x53726448;
/** The first version whose header says where the payload is. */
const PAYLOAD_VERSION = 0x0208;
const XLF_KERNEL_64 = 1;

const viewOf = (file: Uint8Array): DataView => new DataView(file.buffer, file.byteOffset, file.byteLength);

export const isBzImage = (file: Uint8Array): boolean => {
  if (file.length < HEADER_END) return false;
  const view = viewOf(file);
  return view.getUint16(BOOT_FLAG, true) === BOOT_SIGNATURE && view.getUint32(HEADER_MAGIC, true) === HDRS;
};

/** The setup header, which a boot loader copies into the boot parameters. */
export const setupHeader = (file: Uint8Array): Uint8Array => file.slice(SETUP_HEADER, HEADER_MAGIC + file[JUMP]);

/** The vmlinux inside of a bzImage. Throws KernelFormatError. */
export const unpackBzImage = async (file: Uint8Array): Promise<Uint8Array> => {
  const view = viewOf(file);
  if (view.getUint16(VERSION, true) < PAYLOAD_VERSION)
    throw new KernelFormatError('a bzImage older than boot protocol 2.08');
  if ((view.getUint16(XLOADFLAGS, true) & XLF_KERNEL_64) !== 0) {
    throw new KernelFormatError('a 64-bit kernel: the x86 engine of this host is 32-bit (i386)');
  }
  // 0 stands for 4, for loaders older than the field.
  const setupSectors = file[SETUP_SECTS] === 0 ? 4 : file[SETUP_SECTS];
  const start = (setupSectors + 1) * SECTOR_BYTES + view.getUint32(PAYLOAD_OFFSET, true);
  const bytes = view.getUint32(PAYLOAD_LENGTH, true);
  if (start + bytes > file.length)
    throw new KernelFormatError('truncated: the payload lies beyond the end of the file');
  return decompress(file.subarray(start, start + bytes));
};
