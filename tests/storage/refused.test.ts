import {readFileSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {pattern, tempDir} from '../support/block.ts';
import {makeQcow2, makeVhd, type Qcow2Shape} from '../support/image-makers.ts';
import {openImage, refusal, writeBytes} from '../support/storage.ts';
import {imagesClosed} from '../../backends/storage/index.ts';

const SIZE = 2 ** 20;

const patches: readonly [what: string, shape: Qcow2Shape, message: RegExp][] = [
  ['another magic', {patch: (h) => h.fill(0, 0, 4)}, /not a qcow2 image/],
  ['version 4', {patch: (h) => h.writeUInt32BE(4, 4)}, /version 4 of qcow2 \(2 and 3 are known\)/],
  ['clusters of 256 bytes', {patch: (h) => h.writeUInt32BE(8, 20)}, /cluster_bits 8 at byte 20/],
  ['encryption', {patch: (h) => h.writeUInt32BE(2, 32)}, /encrypted/],
  ['an external data file', {patch: (h) => h.writeUInt32BE(4, 76)}, /external data file is not supported/],
  ['extended L2 entries', {patch: (h) => h.writeUInt32BE(16, 76)}, /extended L2 entries/],
  ['the corrupt bit', {patch: (h) => h.writeUInt32BE(2, 76)}, /marked as corrupt: it may only be read/],
  ['an unknown feature', {patch: (h) => h.writeUInt32BE(1 << 20, 76)}, /unsupported incompatible feature: bit 20$/],
  ['an unknown feature with a name', {patch: (h) => named(h)}, /unsupported incompatible feature: time travel$/],
  ['refcounts of 128 bits', {patch: (h) => h.writeUInt32BE(7, 96)}, /refcount_order 7/],
  ['compression of another kind', {patch: (h) => h.writeUInt32BE(60, 100)}, /header_length 60/],
  ['an L1 table beyond the end', {patch: (h) => h.writeBigUInt64BE(0x100000n, 40)}, /truncated: the L1 table ends at/],
  ['an L1 table askew', {patch: (h) => h.writeBigUInt64BE(0x10001n, 40)}, /the L1 table at 65537 is not at a cluster/],
  ['a small L1 table', {patch: (h) => h.writeUInt32BE(0, 36)}, /an L1 table of 0 entries/],
  ['a huge L1 table', {patch: (h) => h.writeUInt32BE(0xffffffff, 36)}, /the L1 table of \d+ bytes is too large/],
  ['no refcount table', {patch: (h) => h.writeUInt32BE(0, 56)}, /no refcount table/],
  [
    'a disk of half a sector',
    {patch: (h) => h.writeBigUInt64BE(700n, 24)},
    /bad-size: .*700 bytes are not whole sectors/,
  ],
  [
    'an L1 entry beyond the end',
    {patch: (h) => h.writeBigUInt64BE(0x8000000010000000n, 3 << 16)},
    /entry 0 of the L1 table/,
  ],
  ['a base of unknown format', {backing: {file: 'base.img'}}, /the format of its backing file base\.img is not given/],
  ['a base of a format not served', {backing: {file: 'base.img', format: 'vmdk'}}, /backing format "vmdk"/],
  ['a base by a protocol', {backing: {file: 'nbd://h/x', format: 'raw'}}, /a protocol is not supported/],
  ['a base by JSON', {backing: {file: 'json:{}', format: 'raw'}}, /a protocol is not supported/],
  ['a base that is not there', {backing: {file: 'none.img', format: 'raw'}}, /missing: .*none\.img: No such file/],
  ['a base that is itself', {backing: {file: 'disk.qcow2', format: 'qcow2'}}, /a loop: it is based on itself/],
];

const named = (header: Buffer): void => {
  header.writeUInt32BE(1 << 20, 76);
  header.writeUInt32BE(0x6803f857, 104);
  header.writeUInt32BE(48, 108);
  header[113] = 20;
  header.write('time travel', 114);
};

for (const [what, shape, message] of patches) {
  test(`qcow2 with ${what} is refused`, async (t) => {
    const path = join(tempDir(t), 'disk.qcow2');
    makeQcow2(path, SIZE, shape);
    const before = readFileSync(path);
    t.regex(await refusal(`qcow2:${path}`), message);
    t.deepEqual(readFileSync(path), before);
  });
}

test('the corrupt bit lets an image be read', async (t) => {
  const path = join(tempDir(t), 'disk.qcow2');
  makeQcow2(path, SIZE, {patch: (h) => h.writeUInt32BE(2, 76)});
  t.is(await refusal(`qcow2:${path}`, {readonly: true}), 'opened');
});

test('a loop over two images is refused', async (t) => {
  const dir = tempDir(t);
  makeQcow2(join(dir, 'a.qcow2'), SIZE, {backing: {file: 'b.qcow2', format: 'qcow2'}});
  makeQcow2(join(dir, 'b.qcow2'), SIZE, {backing: {file: './a.qcow2', format: 'qcow2'}});
  t.regex(await refusal(`qcow2:${join(dir, 'a.qcow2')}`), /a\.qcow2: a loop/);
});

test('unknown compatible features and header extensions are kept, autoclear bits are not', async (t) => {
  const path = join(tempDir(t), 'disk.qcow2');
  const extension = Buffer.from('1234567800000005hello\0\0\0'.replace('hello\0\0\0', ''), 'hex');
  makeQcow2(path, SIZE, {
    patch: (header) => {
      header.writeUInt32BE(0x40, 84);
      header.writeUInt32BE(0x80, 92);
      header.set([...extension, ...Buffer.from('hello')], 104);
    },
  });
  const storage = await openImage(`qcow2:${path}`);
  await writeBytes(storage, 0, pattern(4096));
  storage.close();
  await imagesClosed();
  const header = readFileSync(path).subarray(0, 200);
  t.is(header.readUInt32BE(84), 0x40);
  t.is(header.readUInt32BE(92), 0);
  t.is(header.toString('latin1', 112, 117), 'hello');
});

test('truncated images are refused with what is missing', async (t) => {
  const dir = tempDir(t);
  const qcow2 = join(dir, 'disk.qcow2');
  makeQcow2(qcow2, SIZE);
  const vhd = join(dir, 'disk.vhd');
  makeVhd(vhd, SIZE);
  for (const target of [`qcow2:${qcow2}`, `vhd:${vhd}`]) {
    const storage = await openImage(target);
    await writeBytes(storage, 0, pattern(SIZE));
    storage.close();
  }
  await imagesClosed();
  for (const path of [qcow2, vhd]) {
    const whole = readFileSync(path);
    for (const length of [0, 1, 71, 100, 511, 600, 1535, 2047, 4096, 65536, 70000, 140000, 300000, 900000]) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const why = await refusal(`${path === vhd ? 'vhd' : 'qcow2'}:${path}`);
      t.regex(why, /^bad-format: .*(truncated|too few|no footer|not in the file)/, `${path} of ${length} bytes`);
    }
  }
});

const vhdPatches: readonly [string, (image: Buffer) => void, RegExp][] = [
  [
    'a footer that was changed',
    (b) => b.writeUInt32BE(9, b.length - 512 + 60),
    /the checksum of the footer at \d+ is wrong/,
  ],
  ['a header that was changed', (b) => b.writeUInt32BE(9, 512 + 28), /the checksum of the header at 512 is wrong/],
  ['no header', (b) => b.fill(0, 512, 520), /no header \(cxsparse\)/],
  [
    'a block in the tables',
    (b) => b.writeUInt32BE(1, 2048),
    /entry 0 of the block allocation table, at 2048, names byte 512/,
  ],
  ['a block beyond the end', (b) => b.writeUInt32BE(99999, 2052), /truncated: entry 1 of the block allocation table/],
];

for (const [what, patch, message] of vhdPatches) {
  test(`VHD with ${what} is refused`, async (t) => {
    const path = join(tempDir(t), 'disk.vhd');
    makeVhd(path, SIZE);
    const bytes = readFileSync(path);
    // Long enough for a block to be there.
    const image = Buffer.concat([bytes.subarray(0, -512), Buffer.alloc(2 ** 18), bytes.subarray(-512)]);
    patch(image);
    writeFileSync(path, image);
    t.regex(await refusal(`vhd:${path}`), message);
  });
}

test('a fixed VHD is as its footer says, whatever the guest writes to the start', async (t) => {
  const dir = tempDir(t);
  makeVhd(join(dir, 'dynamic.vhd'), SIZE);
  const dynamic = readFileSync(join(dir, 'dynamic.vhd'));
  const footer = Buffer.from(dynamic.subarray(0, 512));
  footer.writeUInt32BE(2, 60);
  footer.writeUInt32BE(0, 64);
  footer.writeUInt32BE(~footer.reduce((total, byte) => total + byte, 0) >>> 0, 64);
  const disk = Buffer.alloc(SIZE);
  dynamic.copy(disk, 0);
  const path = join(dir, 'fixed.vhd');
  writeFileSync(path, Buffer.concat([disk, footer]));
  const storage = await openImage(`vhd:${path}`);
  t.is(storage.sizeBytes, SIZE);
  t.is(await writeBytes(storage, SIZE - 512, pattern(512)), 512);
  storage.close();
  await imagesClosed();
  t.deepEqual(readFileSync(path).subarray(-512), footer);
});
