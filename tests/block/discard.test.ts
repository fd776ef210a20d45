import {readFileSync} from 'node:fs';
import test from 'ava';
import {RamImage} from '../../backends/storage/index.ts';
import {createBlockRig, createRawRig, firstDifference, pattern, tempImage} from '../support/block.ts';
import {RawFrontend} from '../support/raw-frontend.ts';
import {SlowStorage} from '../support/slow-storage.ts';

const MIB = 1 << 20;

test('BLKIF-DISC-02: a secure discard overwrites, and the bytes have reached the disk before the answer', async (t) => {
  const storage = new SlowStorage(new RamImage(MIB));
  const block = await createRawRig({open: () => storage, features: {secure: true}});
  const front = new RawFrontend(block);
  await front.connect();
  t.is(await block.read(`${block.backPath()}/discard-secure`), '1');
  const seen: string[] = [];
  front.put({operation: 5, nrSegments: 1, sector: 8n, discardSectors: 1024n});
  front.push();
  await block.settle();
  while (storage.waiting.length > 0) {
    t.is(front.take().length, 0);
    seen.push(storage.waiting[0].what);
    storage.finish();
    await block.settle();
  }
  t.deepEqual(seen, ['write', 'write', 'flush']);
  t.is(front.take()[0].status, 0);
});

test('BLKIF-DISC-02: without the flag, or the offer, it is a plain discard', async (t) => {
  for (const [secure, nrSegments] of [
    [true, 0],
    [false, 1],
  ] as const) {
    const storage = new SlowStorage(new RamImage(MIB));
    const block = await createRawRig({open: () => storage, features: {secure}});
    const front = new RawFrontend(block);
    await front.connect();
    front.put({operation: 5, nrSegments, discardSectors: 1n});
    front.push();
    await block.settle();
    t.is(storage.waiting[0].what, 'discard');
  }
});

test('a guest discards securely where that is offered, else hears that it cannot', async (t) => {
  const path = tempImage(t, pattern(MIB));
  const block = await createBlockRig();
  await block.attach({target: path, back: {tuning: 'secure=1'}});
  await block.settle();
  await block.run(() => block.disk.discard(4096, MIB - 8192, true));
  const expected = pattern(MIB);
  expected.fill(0, 4096, MIB - 4096);
  t.is(firstDifference(new Uint8Array(readFileSync(path)), expected), -1);
  const other = await createBlockRig();
  await other.attach();
  await other.settle();
  await t.throwsAsync(() => other.run(() => other.disk.discard(0, 4096, true)), {message: /EOPNOTSUPP/});
  await other.run(() => other.disk.discard(0, 4096));
});

test('BLKIF-DISC-03, BLKIF-DISC-05: granularity and alignment come with the offer, and go with it', async (t) => {
  for (const [node, value, isOffered] of [
    ['tuning', 'discard=0', false],
    ['discard-enable', '0', false],
    ['tuning', 'sector=4096', true],
  ] as const) {
    const block = await createBlockRig();
    await block.attach({back: {[node]: value}});
    await block.settle();
    t.is(await block.read(`${block.backPath()}/feature-discard`), isOffered ? '1' : undefined);
    t.is(await block.read(`${block.backPath()}/discard-granularity`), isOffered ? '4096' : undefined);
    t.is(await block.read(`${block.backPath()}/discard-alignment`), isOffered ? '0' : undefined);
  }
});

test('a frontend that does not want to discard: EOPNOTSUPP, and nothing on the ring', async (t) => {
  const block = await createBlockRig();
  await block.attach({front: {tuning: 'discard=0'}});
  await block.settle();
  await t.throwsAsync(() => block.run(() => block.disk.discard(0, 4096)), {message: /EOPNOTSUPP/});
  t.is(block.backend().stats().ds_req, 0);
});
