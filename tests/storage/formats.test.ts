import {statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {imagesClosed} from '../../backends/storage/index.ts';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {pattern, tempDir} from '../support/block.ts';
import {exercise, seeded} from '../support/disk-model.ts';
import {makeQcow2, makeVhd, type Qcow2Shape} from '../support/image-makers.ts';
import {flush, openImage, readBytes, refusal, writeBytes} from '../support/storage.ts';

const SIZE = 4 * 2 ** 20 + 512 * 3;

const shapes: readonly [string, Qcow2Shape][] = [
  ['v3', {}],
  ['v2', {version: 2}],
  ['clusters of 512 bytes', {clusterBits: 9}],
  ['clusters of 2 MiB', {clusterBits: 21}],
  ['lazy refcounts', {lazyRefcounts: true, clusterBits: 12}],
  ['refcounts of 1 bit', {refcountOrder: 0, clusterBits: 12}],
  ['refcounts of 2 bits', {refcountOrder: 1, clusterBits: 10}],
  ['refcounts of 4 bits', {refcountOrder: 2, clusterBits: 11}],
  ['refcounts of 8 bits', {refcountOrder: 3, clusterBits: 10}],
  ['refcounts of 32 bits', {refcountOrder: 5, clusterBits: 10}],
  ['refcounts of 64 bits', {refcountOrder: 6, clusterBits: 9}],
];

/** Random operations, the image closed and opened twice in between. */
const check = async (target: string, model: Buffer, workers: boolean, seed: number): Promise<void> => {
  const random = seeded(seed);
  const clock = workers ? realClock({seed}) : undefined;
  for (let round = 0; round < 3; round++) {
    const storage = await openImage(target, {clock});
    await exercise(storage, model, random, 60);
    if (Buffer.compare(await readBytes(storage), model) !== 0) throw new Error(`${target}: round ${round} differs`);
    storage.close();
    await imagesClosed();
  }
  clock?.close();
};

for (const [what, shape] of shapes) {
  for (const workers of [false, true]) {
    const how = workers ? 'by workers' : 'at once';
    test(`qcow2, ${what}, ${how}: as a disk that is a buffer`, async (t) => {
      const path = join(tempDir(t), 'disk.qcow2');
      makeQcow2(path, SIZE, shape);
      await t.notThrowsAsync(check(`qcow2:${path}`, Buffer.alloc(SIZE), workers, 7));
    });

    test(`qcow2, ${what}, ${how}: above a base that is shorter`, async (t) => {
      const dir = tempDir(t);
      const base = Buffer.from(pattern(SIZE / 2 - 256));
      writeFileSync(join(dir, 'base.img'), base);
      makeQcow2(join(dir, 'disk.qcow2'), SIZE, {...shape, backing: {file: 'base.img', format: 'raw'}});
      const model = Buffer.alloc(SIZE);
      base.copy(model);
      await t.notThrowsAsync(check(`qcow2:${join(dir, 'disk.qcow2')}`, model, workers, 8));
      t.is(statSync(join(dir, 'base.img')).size, base.length);
    });
  }
}

test('a chain of qcow2, qcow2 and raw; the lower ones are not written', async (t) => {
  const dir = tempDir(t);
  const at = (name: string): string => join(dir, name);
  const base = Buffer.from(pattern(SIZE - (SIZE % 4)));
  writeFileSync(at('base.img'), base);
  makeQcow2(at('middle.qcow2'), SIZE, {backing: {file: 'base.img', format: 'raw'}});
  const middle = await openImage(`qcow2:${at('middle.qcow2')}`);
  await writeBytes(middle, 65536, Buffer.alloc(4096, 0x11));
  middle.close();
  await imagesClosed();
  makeQcow2(at('top.qcow2'), SIZE, {clusterBits: 9, backing: {file: at('middle.qcow2'), format: 'qcow2'}});
  const model = Buffer.alloc(SIZE);
  base.copy(model);
  model.fill(0x11, 65536, 65536 + 4096);
  const before = [statSync(at('base.img')).mtimeMs, statSync(at('middle.qcow2')).mtimeMs];
  await check(`qcow2:${at('top.qcow2')}`, model, false, 3);
  t.deepEqual([statSync(at('base.img')).mtimeMs, statSync(at('middle.qcow2')).mtimeMs], before);
});

for (const workers of [false, true]) {
  test(`VHD, dynamic, ${workers ? 'by workers' : 'at once'}: as a disk that is a buffer`, async (t) => {
    const path = join(tempDir(t), 'disk.vhd');
    makeVhd(path, SIZE);
    await t.notThrowsAsync(check(`vhd:${path}`, Buffer.alloc(SIZE), workers, 5));
  });

  test(`VHD, differencing, ${workers ? 'by workers' : 'at once'}: above its parent`, async (t) => {
    const dir = tempDir(t);
    makeVhd(join(dir, 'parent.vhd'), SIZE, {uuid: 77, blockBytes: 2 ** 21});
    const model = Buffer.alloc(SIZE);
    await check(`vhd:${join(dir, 'parent.vhd')}`, model, false, 6);
    makeVhd(join(dir, 'child.vhd'), SIZE, {uuid: 78, parent: {file: 'parent.vhd', uuid: 77}});
    await t.notThrowsAsync(check(`vhd:${join(dir, 'child.vhd')}`, model, workers, 9));
  });
}

test('a differencing disk whose parent is another one is refused', async (t) => {
  const dir = tempDir(t);
  makeVhd(join(dir, 'parent.vhd'), SIZE, {uuid: 77});
  makeVhd(join(dir, 'child.vhd'), SIZE, {uuid: 78, parent: {file: 'parent.vhd', uuid: 76}});
  t.regex(await refusal(`vhd:${join(dir, 'child.vhd')}`), /bad-format: .*its parent has the UUID 0000004d/);
  makeVhd(join(dir, 'lost.vhd'), SIZE, {parent: {file: 'none.vhd', uuid: 77}});
  t.regex(await refusal(`vhd:${join(dir, 'lost.vhd')}`), /missing: .*none\.vhd/);
});

test('an image that was not closed has what was flushed, and its dirty bit is seen to', async (t) => {
  const dir = tempDir(t);
  const path = join(dir, 'disk.qcow2');
  makeQcow2(path, SIZE, {lazyRefcounts: true});
  const storage = await openImage(`qcow2:${path}`);
  const bytes = Buffer.from(pattern(65536 * 4));
  await writeBytes(storage, 65536, bytes);
  t.is(await flush(storage), 0);
  const {readFileSync} = await import('node:fs');
  const crashed = readFileSync(path);
  t.is(crashed[79] & 1, 1, 'the dirty bit');
  writeFileSync(join(dir, 'crashed.qcow2'), crashed);
  storage.close();
  await imagesClosed();
  t.is(readFileSync(path)[79] & 1, 0);
  const again = await openImage(`qcow2:${join(dir, 'crashed.qcow2')}`);
  t.is(readFileSync(join(dir, 'crashed.qcow2'))[79] & 1, 0, 'repaired');
  t.is(Buffer.compare(await readBytes(again, 65536, bytes.length), bytes), 0);
  again.close();
  await imagesClosed();
});
