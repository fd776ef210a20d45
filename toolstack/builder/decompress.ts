import {promisify} from 'node:util';
import {gunzip} from 'node:zlib';
import {KernelFormatError} from './elf.ts';

/** Most that a payload may unpack to. */
const MAX_BYTES = 256 * 1024 * 1024;

interface Compression {
  readonly name: string;
  readonly magic: readonly number[];
  /** Linux's build appends the unpacked size, 4 bytes, to formats that do not end with it themselves. */
  readonly sizeAppended: boolean;
  readonly unpack: (packed: Uint8Array, sizeBytes: number) => Promise<Uint8Array>;
}

const SIZE_BYTES = 4;

/** Each library is loaded when a kernel needs it. */
const compressions: readonly Compression[] = [
  {
    name: 'gzip',
    magic: [0x1f, 0x8b],
    sizeAppended: false,
    unpack: (packed) => promisify(gunzip)(packed, {maxOutputLength: MAX_BYTES}),
  },
  {
    name: 'xz',
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    sizeAppended: true,
    unpack: async (packed) => {
      const {unxzAsync} = await import('node-liblzma');
      return unxzAsync(Buffer.from(packed.buffer, packed.byteOffset, packed.length), {});
    },
  },
  {
    name: 'zstd',
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    sizeAppended: true,
    unpack: async (packed, sizeBytes) => {
      const {decompress: unzstd} = await import('fzstd');
      return unzstd(packed, new Uint8Array(sizeBytes));
    },
  },
  {
    name: 'lz4',
    magic: [0x02, 0x21, 0x4c, 0x18],
    sizeAppended: true,
    unpack: async (packed, sizeBytes) => {
      const {default: lz4} = await import('lz4js');
      return unpackLegacyLz4(packed, sizeBytes, lz4.decompressBlock);
    },
  },
];

type UnpackBlock = (from: Uint8Array, to: Uint8Array, start: number, length: number, at: number) => number;

/** The frame of `lz4 -l`, which Linux uses: after the magic, blocks with their size before them. */
const unpackLegacyLz4 = (packed: Uint8Array, sizeBytes: number, unpackBlock: UnpackBlock): Uint8Array => {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const unpacked = new Uint8Array(sizeBytes);
  let written = 0;
  for (let at = 4; at < packed.length;) {
    const length = view.getUint32(at, true);
    if (length === 0 || length > packed.length - at - 4) throw new Error('a block lies beyond its end');
    written = unpackBlock(packed, unpacked, at + 4, length, written);
    at += 4 + length;
  }
  return unpacked.subarray(0, written);
};

/** Unpacks a kernel's payload; one that is not packed comes back as it is. Throws KernelFormatError. */
export const decompress = async (payload: Uint8Array): Promise<Uint8Array> => {
  const compression = compressions.find(({magic}) => magic.every((byte, i) => payload[i] === byte));
  if (compression === undefined) return payload;
  const {name, sizeAppended, unpack} = compression;
  const end = payload.length - SIZE_BYTES;
  const sizeBytes = new DataView(payload.buffer, payload.byteOffset).getUint32(end, true);
  if (sizeBytes > MAX_BYTES) throw new KernelFormatError(`its ${name} payload claims to unpack to ${sizeBytes} bytes`);
  try {
    return await unpack(sizeAppended ? payload.subarray(0, end) : payload, sizeBytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KernelFormatError(`its ${name} payload does not unpack: ${reason}`);
  }
};
