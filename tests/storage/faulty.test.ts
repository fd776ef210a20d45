import test from 'ava';
import {FaultyStorage, RamImage} from '../../backends/storage/index.ts';
import {virtualClock} from '../../hypervisor/schedule/index.ts';
import {firstDifference, pattern} from '../support/block.ts';
import {flush, readBytes, result, vectorOver, writeBytes} from '../support/storage.ts';

const SIZE = 65536;
const EIO = -5;

const disk = async (): Promise<RamImage> => {
  const ram = new RamImage(SIZE);
  await writeBytes(ram, 0, pattern(SIZE));
  return ram;
};

test('without faults a disk is as it is', async (t) => {
  const storage = new FaultyStorage(await disk(), virtualClock(1));
  t.is(firstDifference(await readBytes(storage), pattern(SIZE)), -1);
  t.is(await flush(storage), 0);
});

test('errors do nothing', async (t) => {
  const ram = await disk();
  const storage = new FaultyStorage(ram, virtualClock(1), {error: 1});
  t.is(await writeBytes(storage, 0, pattern(4096, 2)), EIO);
  t.is(await flush(storage), EIO);
  t.is(await result((completion) => storage.discard(0, 4096, completion)), EIO);
  t.is(firstDifference(await readBytes(ram), pattern(SIZE)), -1);
});

test('a short read has its first sectors; a torn write, too, and fails', async (t) => {
  const ram = await disk();
  const storage = new FaultyStorage(ram, virtualClock(5), {shortRead: 1, tornWrite: 1});
  const bytes = new Uint8Array(8192);
  const got = await result((completion) => storage.read(vectorOver(bytes), 0, completion));
  t.true(got >= 0 && got < 8192 && got % 512 === 0);
  t.is(firstDifference(bytes.subarray(0, got), pattern(SIZE).subarray(0, got)), -1);
  t.true(bytes.subarray(got).every((byte) => byte === 0));
  t.is(await writeBytes(storage, 0, pattern(8192, 2)), EIO);
  const after = await readBytes(ram, 0, 8192);
  const torn = firstDifference(after, pattern(8192, 2));
  t.true(torn % 512 === 0 && torn >= 0);
  t.is(firstDifference(after.subarray(torn), pattern(SIZE).subarray(torn, 8192)), -1);
});

test('latency is that of the schedule, and the same for the same seed', async (t) => {
  const run = async (seed: number): Promise<number[]> => {
    const clock = virtualClock(seed);
    const storage = new FaultyStorage(await disk(), clock, {maxLatencyNs: 5e7});
    const ends: number[] = [];
    await clock.drive(
      Promise.all(
        Array.from({length: 20}, (_, i) => readBytes(storage, i * 512, 512).then(() => ends.push(clock.now()))),
      ),
    );
    return ends;
  };
  const ends = await run(7);
  t.true(ends[19] <= 5e7 && ends[19] > 1e7);
  t.deepEqual(await run(7), ends);
  t.notDeepEqual(await run(8), ends);
});
