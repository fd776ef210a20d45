import test from 'ava';
import {RamImage} from '../../backends/storage/index.ts';
import {createBlockRig, createRawRig, firstDifference, pattern} from '../support/block.ts';
import {RawFrontend} from '../support/raw-frontend.ts';
import {SlowStorage} from '../support/slow-storage.ts';

const READ = 0;

const slowDisk = (): SlowStorage => new SlowStorage(new RamImage(65536));

test('what storage has not done yet does not hold up the rest', async (t) => {
  const storage = slowDisk();
  const block = await createBlockRig({open: () => storage});
  await block.attach();
  await block.settle();
  const {disk} = block;
  const done: string[] = [];
  const write = disk.write(0, pattern(4096)).then(() => done.push('write'));
  const read = disk.read(32768, 4096).then(() => done.push('read'));
  await block.settle();
  t.deepEqual(
    storage.waiting.map(({what}) => what),
    ['write', 'read'],
  );
  storage.finish(1);
  await block.settle();
  t.deepEqual(done, ['read']);
  storage.finish();
  await block.run(() => Promise.all([write, read]));
  t.like(block.backend().stats(), {rd_req: 1, wr_req: 1, rd_sect: 8, wr_sect: 8});
});

test('data, flush and discard in steps, all late', async (t) => {
  const storage = slowDisk();
  const block = await createBlockRig({open: () => storage});
  await block.attach();
  await block.settle();
  const {disk} = block;
  const steps = Promise.all([disk.write(0, pattern(16384)), disk.flush(), disk.discard(1024, 2048)]).then(() =>
    disk.read(0, 16384),
  );
  const seen: string[] = [];
  await block.settle();
  while (storage.waiting.length > 0) {
    seen.push(storage.waiting[0].what);
    storage.finish();
    await block.settle();
  }
  const expected = pattern(16384);
  expected.fill(0, 1024, 3072);
  t.is(firstDifference(await block.run(() => steps), expected), -1);
  t.deepEqual(seen, ['write', 'flush', 'discard', 'discard', 'discard', 'discard', 'read']);
});

test('more requests than may be under way wait in the ring, counted', async (t) => {
  const storage = slowDisk();
  const block = await createRawRig({open: () => storage, maxInFlight: 4});
  const front = new RawFrontend(block);
  await front.connect();
  const gref = front.grant(front.page());
  // Not neighbours on the disk, so each is an operation of its own.
  for (let i = 0; i < 10; i++) {
    front.put({operation: READ, id: BigInt(i), sector: BigInt(i * 3), segments: [{gref, first: 0, last: 0}]});
  }
  front.push();
  await block.settle();
  t.is(storage.waiting.length, 4);
  t.is(block.backend().stats().oo_req, 1);
  const answered: number[] = [];
  while (storage.waiting.length > 0) {
    storage.finish();
    await block.settle();
    answered.push(...front.take().map(({id}) => Number(id)));
  }
  t.deepEqual(answered, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a limit below the ring with storage that is done at once: all is served', async (t) => {
  const block = await createRawRig({maxInFlight: 4});
  const front = new RawFrontend(block);
  await front.connect();
  const gref = front.grant(front.page());
  for (let i = 0; i < 32; i++) front.put({operation: READ, id: BigInt(i), segments: [{gref, first: 0, last: 0}]});
  front.push();
  await block.settle();
  t.is(front.take().length, 32);
});

for (const end of ['frontend closes', 'directories go', 'domain dies'] as const) {
  test(`${end} while storage works: pages are kept until it is done, then everything is given back`, async (t) => {
    const storage = slowDisk();
    const block = await createRawRig({open: () => storage});
    const {maptrack} = block.rig.dom0.domain;
    const before = maptrack.count;
    const front = new RawFrontend(block);
    await front.connect();
    const gref = front.grant(front.page());
    for (const sector of [0n, 64n]) front.put({operation: READ, sector, segments: [{gref, first: 0, last: 7}]});
    front.put({operation: 5, sector: 8n, discardSectors: 32n});
    front.push();
    await block.settle();
    t.is(storage.waiting.length, 3);
    if (end === 'frontend closes') await front.setState(6);
    if (end === 'directories go') await block.removeNodes();
    if (end === 'domain dies') block.rig.destroy(block.guest);
    await block.settle();
    // A dead guest's store ring is unmapped by the store itself.
    const without = end === 'domain dies' ? before - 1 : before;
    t.is(maptrack.count, without + 3);
    t.false(storage.closed);
    const [, , rspProd] = front.indexes;
    while (storage.waiting.length > 0) storage.finish();
    await block.settle();
    t.is(maptrack.count, without);
    t.is(storage.closed, end !== 'frontend closes');
    t.is(front.indexes[2], rspProd);
    if (end === 'domain dies') t.is(block.rig.xen.domain(block.guest.domain.id), undefined);
  });
}

test('an image that takes its time to open, and is not wanted any more by then', async (t) => {
  const storage = slowDisk();
  let opened: (() => void) | undefined;
  const block = await createBlockRig({open: () => new Promise((resolve) => (opened = () => resolve(storage)))});
  await block.attach();
  await block.settle();
  t.is(await block.states(), '2/3');
  await block.removeNodes();
  await block.settle();
  opened?.();
  await block.settle();
  t.true(storage.closed);
});

test('the writes before a flush reach storage before it', async (t) => {
  const storage = slowDisk();
  const block = await createRawRig({open: () => storage});
  const front = new RawFrontend(block);
  await front.connect();
  const gref = front.grant(front.page());
  front.put({operation: 1, segments: [{gref, first: 0, last: 7}]});
  front.put({operation: 3});
  front.push();
  await block.settle();
  t.deepEqual(
    storage.waiting.map(({what}) => what),
    ['write', 'flush'],
  );
});

test('the frontend asks for a flush only when its writes have ended', async (t) => {
  const storage = slowDisk();
  const block = await createBlockRig({open: () => storage});
  await block.attach();
  await block.settle();
  const write = block.disk.write(0, pattern(4096));
  const flush = block.disk.flush();
  await block.settle();
  t.deepEqual(
    storage.waiting.map(({what}) => what),
    ['write'],
  );
  storage.finish();
  await block.run(() => write);
  await block.settle();
  t.deepEqual(
    storage.waiting.map(({what}) => what),
    ['flush'],
  );
  storage.finish();
  await block.run(() => flush);
});
