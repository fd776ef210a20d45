import {gzipSync} from 'node:zlib';
import test from 'ava';
import lz4 from 'lz4js';
import {xzAsync} from 'node-liblzma';
import {decompress} from '../../toolstack/builder/decompress.ts';
import {KernelFormatError} from '../../toolstack/builder/elf.ts';

const text = Buffer.from('a kernel in zstd. '.repeat(40));
/** `zstd -19` of the text. */
const ZSTD = '28b52ffd64d001cd00009061206b65726e656c20696e207a7374642e200100765535c336a6b455';

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** As Linux's build appends it. */
const withSize = (packed: Uint8Array, size = text.length): Buffer => Buffer.concat([packed, u32(size)]);

/** `lz4 -l`: a magic number, then blocks with their size before them; here two. */
const legacyLz4 = (): Buffer => {
  const half = text.length / 2;
  const blocks = [text.subarray(0, half), text.subarray(half)].flatMap((part) => {
    const packed = Buffer.alloc(lz4.compressBound(part.length));
    const bytes = lz4.compressBlock(part, packed, 0, part.length, new Uint32Array(1 << 16));
    return [u32(bytes), packed.subarray(0, bytes)];
  });
  return Buffer.concat([u32(0x184c2102), ...blocks]);
};

const packings: readonly [name: string, pack: () => Uint8Array | Promise<Uint8Array>][] = [
  ['nothing', () => text],
  ['gzip', () => gzipSync(text)],
  ['xz', async () => withSize(await xzAsync(text))],
  ['zstd', () => withSize(Buffer.from(ZSTD, 'hex'))],
  ['lz4', () => withSize(legacyLz4())],
];

for (const [name, pack] of packings) {
  test(`unpacks ${name}`, async (t) => {
    t.deepEqual(Buffer.from(await decompress(await pack())), text);
  });
}

for (const [name, pack] of packings.slice(1)) {
  test(`damaged ${name} is a KernelFormatError`, async (t) => {
    const packed = Buffer.from(await pack());
    packed.fill(0xff, 8, packed.length - 4);
    await t.throwsAsync(decompress(packed), {instanceOf: KernelFormatError, message: /payload does not unpack/});
  });
}

test('a payload that claims more than there can be is refused before it is unpacked', async (t) => {
  const packed = withSize(Buffer.from(ZSTD, 'hex'), 0x7fffffff);
  await t.throwsAsync(decompress(packed), {instanceOf: KernelFormatError, message: /claims to unpack to 2147483647/});
});
