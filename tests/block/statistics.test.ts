import test from 'ava';
import {RamImage} from '../../backends/storage/index.ts';
import {createBlockRig, createRawRig, pattern} from '../support/block.ts';
import {RawFrontend} from '../support/raw-frontend.ts';
import {SlowStorage} from '../support/slow-storage.ts';

test('requests are counted as sysfs does, those refused included, over all queues', async (t) => {
  const block = await createBlockRig({features: {queues: 4}});
  await block.attach({target: 'ram:8m', front: {tuning: 'queues=4,indirect=32'}});
  await block.settle();
  const {disk} = block;
  await block.run(async () => {
    await Promise.all([0, 1, 2, 3].map((i) => disk.write(i << 20, pattern(131072))));
    await disk.read(0, 512);
    await disk.flush();
    await disk.discard(0, 4096);
  });
  t.deepEqual(block.backend().stats(), {
    rd_req: 1,
    wr_req: 4,
    f_req: 1,
    ds_req: 1,
    rd_sect: 1,
    wr_sect: 1024,
    oo_req: 0,
    errors: 0,
  });
  // 4 of 32 pages, 1 of one.
  t.deepEqual(block.backend().distribution().segments, [0, 1, 0, 0, 0, 0, 4]);
});

test('the latency is counted from the first look at a request until its answer is out', async (t) => {
  const storage = new SlowStorage(new RamImage(65536));
  const block = await createRawRig({open: () => storage});
  const front = new RawFrontend(block);
  await front.connect();
  const gref = front.grant(front.page());
  for (let i = 0; i < 3; i++) {
    front.put({operation: 0, sector: BigInt(i * 16), segments: [{gref, first: 0, last: 0}]});
  }
  front.push();
  await block.settle(1e6);
  for (const waitNs of [1e6, 10e6, 100e6]) {
    await block.settle(waitNs);
    storage.finish();
  }
  await block.settle();
  const {latencyNs, ringUse} = block.backend().distribution();
  // 2, 12 and 112 ms: between 2^20 and 2^21 ns, 2^23 and 2^24, 2^26 and 2^27.
  t.deepEqual(
    [...latencyNs.entries()].filter(([, count]) => count > 0).map(([bucket, count]) => [bucket, count]),
    [
      [21, 1],
      [24, 1],
      [27, 1],
    ],
  );
  t.deepEqual(ringUse, [0, 0, 1]);
});
