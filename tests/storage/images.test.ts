import {readFileSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {IoVector, type Storage} from '../../backends/storage/index.ts';
import {firstDifference, pattern, tempDir, tempImage} from '../support/block.ts';
import {discard, openImage} from '../support/storage.ts';

const EIO = -5;
const EBADF = -9;
const IMAGE_BYTES = 1024 * 1024;
const never = {
  complete: () => {
    throw new Error('an image that does not wait');
  },
};

const open = (target: string, readonly = false): Promise<Storage> => openImage(target, {readonly});

/** Pieces of a memory of 64 KiB, that together have a stretch of an image. */
const layouts: [string, [offset: number, length: number][]][] = [
  ['one piece', [[8192, 4096]]],
  [
    'pieces that touch',
    [
      [4096, 512],
      [4608, 4096],
      [8704, 512],
    ],
  ],
  [
    'pieces apart',
    [
      [0, 512],
      [40960, 4096],
      [8192, 1024],
    ],
  ],
  ['many pieces', Array.from({length: 60}, (_, i) => [((i * 37) % 60) * 1024, 512] as [number, number])],
];

for (const kind of ['file', 'ram'] as const) {
  for (const [what, pieces] of layouts) {
    test(`${kind}, ${what}: bytes go where they belong, and nowhere else`, async (t) => {
      const image = pattern(IMAGE_BYTES);
      const storage = await open(kind === 'ram' ? `ram:${IMAGE_BYTES}` : tempImage(t, image));
      const memory = {u8: new Uint8Array(65536)};
      const vector = new IoVector(memory, 64);
      if (kind === 'ram') {
        const all = new IoVector({u8: image}, 1);
        all.add(0, IMAGE_BYTES);
        t.is(storage.write(all, 0, never), IMAGE_BYTES);
      }
      for (const [offset, length] of pieces) vector.add(offset, length);
      const total = pieces.reduce((sum, [, length]) => sum + length, 0);
      t.is(vector.lengthBytes, total);
      for (const position of [0, 512, 77824, IMAGE_BYTES - total]) {
        memory.u8.fill(0xee);
        t.is(storage.read(vector, position, never), total);
        const expected = new Uint8Array(65536).fill(0xee);
        let at = position;
        for (const [offset, length] of pieces) {
          expected.set(image.subarray(at, at + length), offset);
          at += length;
        }
        t.is(firstDifference(memory.u8, expected), -1);
      }
      memory.u8.set(pattern(65536, 9));
      t.is(storage.write(vector, 1024, never), total);
      let at = 1024;
      for (const [offset, length] of pieces) {
        image.set(memory.u8.subarray(offset, offset + length), at);
        at += length;
      }
      const check = new IoVector({u8: new Uint8Array(IMAGE_BYTES)}, 1);
      check.add(0, IMAGE_BYTES);
      t.is(storage.read(check, 0, never), IMAGE_BYTES);
      t.is(firstDifference(check.memory.u8, image), -1);
      t.is(storage.flush(never), 0);
      storage.close();
    });
  }

  test(`${kind}: discard clears the range in steps, and nothing else`, async (t) => {
    const image = pattern(IMAGE_BYTES * 4);
    const storage = await open(kind === 'ram' ? `ram:${image.length}` : tempImage(t, image));
    const whole = new IoVector({u8: Uint8Array.from(image)}, 1);
    whole.add(0, image.length);
    storage.write(whole, 0, never);
    for (const [from, length] of [
      [4096, 8192],
      [65536 - 4096, 65536 * 3],
      [IMAGE_BYTES - 8192, IMAGE_BYTES * 3],
    ]) {
      t.is(await discard(storage, from, length), length);
      image.fill(0, from, from + length);
    }
    storage.read(whole, 0, never);
    t.is(firstDifference(whole.memory.u8, image), -1);
    t.true(storage.discardGranularity > 0);
    storage.close();
  });
}

test('a discard of a hole leaves it a hole', async (t) => {
  const path = join(tempDir(t), 'sparse.img');
  writeFileSync(path, new Uint8Array(512));
  truncateSync(path, 8 * IMAGE_BYTES);
  const storage = await open(path);
  const before = statSync(path).blocks;
  await discard(storage, 0, 8 * IMAGE_BYTES);
  storage.flush(never);
  t.true(statSync(path).blocks <= before);
  storage.close();
});

test('a file that has become shorter is an I/O error, not a crash', async (t) => {
  const path = tempImage(t, pattern(65536));
  const storage = await open(path);
  truncateSync(path, 4096);
  const vector = new IoVector({u8: new Uint8Array(65536)}, 4);
  vector.add(0, 512);
  vector.add(4096, 8192);
  t.is(storage.read(vector, 0, never), EIO);
  t.is(storage.read(vector, 32768, never), EIO);
  t.is(readFileSync(path).length, 4096);
  storage.close();
});

test('a read-only file refuses what slips through to it', async (t) => {
  const storage = await open(tempImage(t, pattern(8192)), true);
  const vector = new IoVector({u8: new Uint8Array(4096)}, 1);
  vector.add(0, 4096);
  t.is(storage.write(vector, 0, never), EBADF);
  t.true((await discard(storage, 0, 4096)) < 0);
  t.is(storage.flush(never), 0);
  storage.close();
});
