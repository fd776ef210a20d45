import {readFileSync} from 'node:fs';
import test from 'ava';
import type {BlockDevice} from '../../frontends/api.ts';
import {createBlockRig, pattern, tempImage, firstDifference} from '../support/block.ts';

const IMAGE_BYTES = 1024 * 1024;

/** A small generator of its own, so that the checks do not lean on the code that they check. */
const numbers = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

for (const target of ['file', 'ram'] as const) {
  for (const ringStart of [0, 0xffffffe0]) {
    test(`${target}, ring from ${ringStart}: random reads, writes and discards agree with a plain array`, async (t) => {
      const model = target === 'file' ? pattern(IMAGE_BYTES) : new Uint8Array(IMAGE_BYTES);
      const path = target === 'file' ? tempImage(t, model) : `ram:${IMAGE_BYTES}`;
      const block = await createBlockRig({ringStart});
      await block.attach({target: path});
      await block.settle();
      const {disk} = block;
      const next = numbers(7);
      await block.run(async () => {
        for (let round = 0; round < 150; round++) {
          const offset = next(IMAGE_BYTES / 512) * 512;
          const length = Math.min(next(300) * 512, IMAGE_BYTES - offset);
          const kind = next(10);
          if (kind < 5) {
            t.is(firstDifference(await disk.read(offset, length), model.slice(offset, offset + length)), -1);
          } else if (kind < 9) {
            const data = pattern(length, round + 2);
            model.set(data, offset);
            await disk.write(offset, data);
          } else {
            await disk.discard(offset, length);
            const block4k = target === 'file' ? 4096 : 512;
            const [from, to] = [
              Math.ceil(offset / block4k) * block4k,
              Math.floor((offset + length) / block4k) * block4k,
            ];
            if (to > from) model.fill(0, from, to);
          }
        }
        await disk.flush();
        t.is(firstDifference(await disk.read(0, IMAGE_BYTES), model), -1);
      });
      if (target === 'file') t.is(firstDifference(new Uint8Array(readFileSync(path)), model), -1);
    });
  }
}

test('calls made at once are all done, in order where they overlap', async (t) => {
  const block = await createBlockRig();
  await block.attach({target: `ram:${IMAGE_BYTES}`});
  await block.settle();
  const {disk} = block;
  await block.run(async () => {
    const writes = Array.from({length: 200}, (_, i) => disk.write((i % 20) * 8192, pattern(16384, i)));
    const read = disk.read(0, 20 * 8192 + 8192);
    await Promise.all(writes);
    const expected = new Uint8Array(20 * 8192 + 8192);
    for (let i = 0; i < 200; i++) expected.set(pattern(16384, i), (i % 20) * 8192);
    t.is(firstDifference(await read, expected), -1);
  });
  t.like(disk.stats(), {writes: 200, inFlight: 0});
});

test('a long read takes as many requests as it needs; statistics of both ends agree', async (t) => {
  const image = pattern(IMAGE_BYTES);
  const block = await createBlockRig();
  await block.attach({target: tempImage(t, image)});
  await block.settle();
  const {disk} = block;
  await block.run(async () => {
    t.is(firstDifference(await disk.read(512, IMAGE_BYTES - 512), image.slice(512)), -1);
    await disk.write(4096, image.subarray(4096, 4096 + 45056 * 2 + 512));
    await disk.flush();
    await disk.discard(0, 8192);
  });
  const requests = Math.ceil((IMAGE_BYTES - 512) / (32 * 4096));
  t.like(disk.stats(), {
    reads: requests,
    writes: 1,
    flushes: 1,
    discards: 1,
    readSectors: 2047,
    writtenSectors: 177,
    errors: 0,
    inFlight: 0,
  });
  t.deepEqual(block.backend().stats(), {
    rd_req: requests,
    wr_req: 1,
    f_req: 1,
    ds_req: 1,
    rd_sect: 2047,
    wr_sect: 177,
    oo_req: 0,
    errors: 0,
  });
});

test('a flush waits for the writes before it', async (t) => {
  const block = await createBlockRig();
  const path = tempImage(t, new Uint8Array(IMAGE_BYTES));
  await block.attach({target: path});
  await block.settle();
  const done: string[] = [];
  await block.run(() =>
    Promise.all([
      block.disk.write(0, pattern(524288)).then(() => done.push('write')),
      block.disk.flush().then(() => done.push('flush')),
      block.disk.write(524288, pattern(4096)).then(() => done.push('later write')),
    ]),
  );
  t.deepEqual(done, ['write', 'flush', 'later write']);
});

for (const [what, call, errno] of [
  ['not aligned', (disk) => disk.read(1, 512), 'EINVAL'],
  ['length not aligned', (disk) => disk.read(0, 100), 'EINVAL'],
  ['beyond the end', (disk) => disk.read(IMAGE_BYTES - 512, 1024), 'EINVAL'],
  ['before the start', (disk) => disk.read(-512, 512), 'EINVAL'],
  ['no number', (disk) => disk.read(Number.NaN, 512), 'EINVAL'],
  ['too long', (disk) => disk.read(0, 2 ** 31), 'EINVAL'],
  ['write beyond the end', (disk) => disk.write(IMAGE_BYTES, new Uint8Array(512)), 'EINVAL'],
  ['discard not aligned', (disk) => disk.discard(3, 512), 'EINVAL'],
] as [string, (disk: BlockDevice) => Promise<unknown>, string][]) {
  test(`${what}: ${errno}, and nothing reaches the ring`, async (t) => {
    const block = await createBlockRig();
    await block.attach({target: `ram:${IMAGE_BYTES}`});
    await block.settle();
    await t.throwsAsync(() => block.run(() => call(block.disk)), {name: 'DeviceIoError', message: new RegExp(errno)});
    t.like(block.disk.stats(), {reads: 0, writes: 0, discards: 0});
    t.is((await block.run(() => block.disk.read(0, 0))).length, 0);
  });
}

test('a read-only disk: writes and discards are EROFS, reads and flushes are done', async (t) => {
  const image = pattern(8192);
  const block = await createBlockRig();
  await block.attach({target: tempImage(t, image), mode: 'r'});
  await block.settle();
  const {disk} = block;
  await t.throwsAsync(() => block.run(() => disk.write(0, new Uint8Array(512))), {message: /EROFS/});
  await t.throwsAsync(() => block.run(() => disk.discard(0, 4096)), {message: /EROFS/});
  await block.run(() => disk.flush());
  t.is(firstDifference(await block.run(() => disk.read(0, 8192)), image), -1);
});

test('injected I/O errors reach the caller as EIO, and only the calls that were hit', async (t) => {
  const image = pattern(IMAGE_BYTES);
  const block = await createBlockRig({seed: 3, faults: {ioError: 0.3}});
  await block.attach({target: tempImage(t, image)});
  await block.settle();
  const {disk} = block;
  const results = await block.run(() =>
    Promise.allSettled(Array.from({length: 200}, (_, i) => disk.read(i * 4096, 4096))),
  );
  const failed = results.filter((result) => result.status === 'rejected');
  t.true(failed.length > 5 && failed.length < 150, `${failed.length} failed`);
  t.true(failed.every(({reason}) => reason.errno === 'EIO'));
  results.forEach((result, i) => {
    if (result.status === 'fulfilled') t.is(firstDifference(result.value, image.slice(i * 4096, i * 4096 + 4096)), -1);
  });
  t.is(block.backend().stats().errors, failed.length);
  t.is(await block.states(), '4/4');
});

test('refused grants are errors, and the disk goes on', async (t) => {
  const image = pattern(IMAGE_BYTES);
  const block = await createBlockRig({seed: 4});
  await block.attach({target: tempImage(t, image), front: {tuning: 'persistent=0'}});
  await block.settle();
  Object.assign(block.rig.xen.faults, {active: true});
  Object.assign(block.rig.xen.faults.rates, {refusedGrant: 0.2});
  const before = block.guest.ops.grantor.count;
  const results = await block.run(() =>
    Promise.allSettled(Array.from({length: 100}, (_, i) => block.disk.read(i * 4096, 4096))),
  );
  t.true(results.some(({status}) => status === 'rejected'));
  t.true(results.some(({status}) => status === 'fulfilled'));
  t.is(block.guest.ops.grantor.count, before);
});

test('a guest with little memory waits for its own pages', async (t) => {
  const image = pattern(IMAGE_BYTES);
  const block = await createBlockRig();
  await block.attach({target: tempImage(t, image)});
  await block.settle();
  const {pages} = block.guest.ops;
  while (pages.freePages > 13) pages.alloc();
  t.is(firstDifference(await block.run(() => block.disk.read(0, IMAGE_BYTES)), image), -1);
  t.true(pages.freePages <= 13);
});

test('a guest without memory gets ENOMEM', async (t) => {
  const block = await createBlockRig();
  await block.attach();
  await block.settle();
  const {pages} = block.guest.ops;
  while (pages.alloc() !== undefined);
  await t.throwsAsync(() => block.run(() => block.disk.read(0, 4096)), {message: /ENOMEM/});
});

test('the same seed gives the same trace of a disk at work', async (t) => {
  const once = async (seed: number): Promise<string[]> => {
    const block = await createBlockRig({seed});
    await block.attach({target: 'ram:1m'});
    await block.settle();
    const {disk} = block;
    await block.run(async () => {
      await Promise.all(Array.from({length: 60}, (_, i) => disk.write(i * 8192, pattern(8192, i))));
      await Promise.all(Array.from({length: 60}, (_, i) => disk.read(i * 4096, 65536)));
      await disk.discard(0, 65536);
      await disk.flush();
    });
    await block.removeNodes();
    await block.settle();
    return block.rig.trace;
  };
  const trace = await once(11);
  t.deepEqual(await once(11), trace);
  t.true(trace.some((line) => line.includes('ring_batch device=backend/vbd/1/51712')));
});
