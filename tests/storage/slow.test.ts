import {statSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {imagesClosed, type Storage} from '../../backends/storage/index.ts';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {firstDifference, pattern, tempDir} from '../support/block.ts';
import {seeded} from '../support/disk-model.ts';
import {makeQcow2} from '../support/image-makers.ts';
import {fullBeyond} from '../support/full-files.ts';
import {SlowFiles} from '../support/slow-files.ts';
import {discard, flush, openImage, readBytes, writeBytes} from '../support/storage.ts';

const SIZE = 8 * 2 ** 20;
const BLOCK = 4096;
const DELAY_MS = 50;

const clockFor = (t: ExecutionContext) => {
  const clock = realClock({seed: 1});
  t.teardown(() => clock.close());
  return clock;
};

/** An image of each format, full of bytes. */
const makeImage = async (t: ExecutionContext, format: 'raw' | 'qcow2'): Promise<string> => {
  const path = join(tempDir(t), 'disk');
  if (format === 'raw') {
    writeFileSync(path, pattern(SIZE));
    return path;
  }
  makeQcow2(path, SIZE);
  const storage = await openImage(`qcow2:${path}`);
  await writeBytes(storage, 0, pattern(SIZE));
  storage.close();
  await imagesClosed();
  return `qcow2:${path}`;
};

/** Depth 16 of reads, some writes and flushes, over a part of the disk. */
const load = async (storage: Storage, blocks: number, operations: number): Promise<void> => {
  const random = seeded(4);
  let left = operations;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const position = random(blocks) * BLOCK;
      const kind = random(20);
      if (kind === 0) await flush(storage);
      else if (kind < 5) await writeBytes(storage, position, pattern(SIZE).subarray(position, position + BLOCK));
      else await readBytes(storage, position, BLOCK);
    }
  };
  await Promise.all(Array.from({length: 16}, worker));
};

for (const format of ['raw', 'qcow2'] as const) {
  test.serial(`${format}: a disk whose every access takes 50 ms never holds the host`, async (t) => {
    const files = new SlowFiles(DELAY_MS, false);
    const storage = await openImage(await makeImage(t, format), {clock: files.clock, calls: files.calls});
    await load(storage, 256, 600);
    t.is(files.stalls, 0);
    storage.close();
    await imagesClosed();
  });

  test.serial(`${format}: misses take 50 ms, hits come to be served at once`, async (t) => {
    const files = new SlowFiles(DELAY_MS, true);
    const storage = await openImage(await makeImage(t, format), {clock: files.clock, calls: files.calls});
    await load(storage, 64, 600);
    const before = files.atOnce;
    await load(storage, 64, 400);
    t.true(files.atOnce - before > 200, `${files.atOnce - before} of 400 at once`);
    t.is(files.stalls, 0);
    t.is(firstDifference(await readBytes(storage), pattern(SIZE)), -1);
    storage.close();
    await imagesClosed();
  });
}

test('a disk that was quick and becomes slow holds the host once', async (t) => {
  const files = new SlowFiles(DELAY_MS, true);
  const storage = await openImage(await makeImage(t, 'raw'), {clock: files.clock, calls: files.calls});
  const readAll = async (): Promise<void> => {
    for (let at = 0; at < 64; at++) await readBytes(storage, at * BLOCK, BLOCK);
  };
  for (let i = 0; i < 20 && files.atOnce < 64; i++) await readAll();
  t.true(files.atOnce > 0);
  files.evict();
  await readAll();
  t.true(files.stalls <= 1, `${files.stalls} stalls`);
  storage.close();
});

for (const workers of [false, true]) {
  test(`a full disk is an error, ${workers ? 'by workers' : 'at once'}, and nothing earlier is lost`, async (t) => {
    const path = join(tempDir(t), 'disk.qcow2');
    makeQcow2(path, SIZE);
    let limit = 2 ** 21;
    const clock = workers ? clockFor(t) : undefined;
    const storage = await openImage(`qcow2:${path}`, {clock, calls: fullBeyond(() => limit)});
    const written: number[] = [];
    for (let at = 0; at < SIZE; at += 65536) {
      const result = await writeBytes(storage, at, pattern(65536, at + 1));
      if (result === 65536) written.push(at);
      else t.is(result, -28);
    }
    t.true(written.length > 10 && written.length < 32);
    t.is(await flush(storage), 0);
    for (const at of written) t.is(firstDifference(await readBytes(storage, at, 65536), pattern(65536, at + 1)), -1);
    limit = Infinity;
    t.is(await writeBytes(storage, SIZE - 65536, pattern(65536, 5)), 65536, 'there is room again');
    storage.close();
    await imagesClosed();
    const again = await openImage(`qcow2:${path}`);
    for (const at of written) t.is(firstDifference(await readBytes(again, at, 65536), pattern(65536, at + 1)), -1);
    t.is(firstDifference(await readBytes(again, SIZE - 65536, 65536), pattern(65536, 5)), -1);
    again.close();
  });
}

test('a large discard of a raw image leaves a hole', async (t) => {
  const path = join(tempDir(t), 'disk.img');
  writeFileSync(path, pattern(SIZE));
  const before = statSync(path).blocks;
  const storage = await openImage(path, {clock: clockFor(t)});
  t.is(await discard(storage, 2 ** 20, SIZE / 2), SIZE / 2);
  t.is(await flush(storage), 0);
  const bytes = Buffer.from(pattern(SIZE)).fill(0, 2 ** 20, 2 ** 20 + SIZE / 2);
  t.is(firstDifference(await readBytes(storage), bytes), -1);
  const freed = (before - statSync(path).blocks) * 512;
  // A file system without holes gets zeroes.
  t.true(freed === 0 || freed >= SIZE / 2 - 65536, `${freed} bytes were freed`);
  storage.close();
});

test('by workers: a file that has become shorter is an I/O error', async (t) => {
  const path = join(tempDir(t), 'disk.img');
  writeFileSync(path, pattern(65536));
  const storage = await openImage(path, {clock: clockFor(t)});
  truncateSync(path, 4096);
  await t.throwsAsync(readBytes(storage, 32768, 4096), {message: /-5$/});
  storage.close();
});
