import test from 'ava';
import {type BlockRig, createBlockRig, createRawRig, firstDifference, pattern, tempImage} from '../support/block.ts';
import {RawFrontend} from '../support/raw-frontend.ts';

const READ = 0;
const WRITE = 1;
const OKAY = 0;
const ERROR = -1;

const IMAGE_BYTES = 1 << 20;

const mapped = (block: BlockRig): number => block.rig.dom0.domain.maptrack.count;

/** A frontend whose grants are persistent, behind a backend that keeps so many. */
const start = async (t: {teardown(clean: () => void): void}, grants: number) => {
  const image = pattern(IMAGE_BYTES);
  const block = await createRawRig({features: {grants}});
  const front = new RawFrontend(block);
  await block.attach({target: tempImage(t, image)});
  await block.settle();
  await front.announce(undefined, {'feature-persistent': '1'});
  await block.settle();
  const pages = Array.from({length: 16}, () => front.page());
  const grefs = pages.map((gfn) => front.grant(gfn));
  const before = mapped(block);
  const read = async (page: number, sector = page): Promise<number> => {
    const segments = [{gref: grefs[page], first: 0, last: 7}];
    return (await front.request({operation: READ, sector: BigInt(sector), segments})).status;
  };
  return {image, block, front, pages, grefs, before, read, kept: () => mapped(block) - before};
};

for (const [ours, theirs] of [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]) {
  test(`BLKIF-PERS-01: backend ${ours}, frontend ${theirs}: pages stay mapped only if both are 1`, async (t) => {
    const block = await createBlockRig();
    await block.attach({back: {tuning: `persistent=${ours}`}, front: {tuning: `persistent=${theirs}`}});
    await block.settle();
    t.is(await block.read(`${block.backPath()}/feature-persistent`), ours === 1 ? '1' : undefined);
    t.is(await block.read(`${block.frontPath()}/feature-persistent`), theirs === 1 ? '1' : undefined);
    const before = mapped(block);
    await block.run(() => block.disk.write(0, pattern(40960)));
    t.is(firstDifference(await block.run(() => block.disk.read(0, 40960)), pattern(40960)), -1);
    t.is(mapped(block) - before, ours === 1 && theirs === 1 ? 10 : 0);
  });
}

test('BLKIF-PERS-02, BLKIF-PERS-05, BLKIF-PERS-06: the same writable grants are used again, the last first', async (t) => {
  const block = await createBlockRig();
  await block.attach();
  await block.settle();
  const before = mapped(block);
  const grants = block.guest.ops.grantor.count;
  for (let round = 0; round < 20; round++) {
    const data = pattern(8192, round);
    await block.run(() => block.disk.write(round * 8192, data));
    t.is(firstDifference(await block.run(() => block.disk.read(round * 8192, 8192)), data), -1);
  }
  t.is(mapped(block) - before, 2);
  t.is(block.guest.ops.grantor.count - grants, 2);
  t.deepEqual(
    [...block.guest.domain.grants.pinnedRefs()].slice(-2).map(({writers}) => writers),
    [1, 1],
  );
});

test('BLKIF-PERS-03: at most as many as the limit, those used least lately go; above it pages are mapped as ever', async (t) => {
  const {read, kept, front, grefs, image, pages} = await start(t, 4);
  for (let page = 0; page < 4; page++) t.is(await read(page), OKAY);
  t.is(kept(), 4);
  await read(0);
  await read(7);
  t.is(kept(), 4);
  // 1 was used least lately: the guest can have it back, 0 it cannot.
  t.true(front.guest.ops.grantor.endAccess(grefs[1]));
  t.false(front.guest.ops.grantor.endAccess(grefs[0]));
  // One request of more pages than may be kept.
  const some = [2, 3, 4, 5, 6, 8, 9, 10];
  const segments = some.map((page) => ({gref: grefs[page], first: 0, last: 7}));
  t.is((await front.request({operation: READ, segments})).status, OKAY);
  t.is(kept(), 4);
  some.forEach((page, i) => {
    t.is(firstDifference(front.bytes(pages[page]), image.slice(i * 4096, i * 4096 + 4096)), -1);
  });
});

test('BLKIF-PERS-03: a limit of nothing: every page is mapped for its request', async (t) => {
  const {read, kept} = await start(t, 0);
  for (let page = 0; page < 4; page++) t.is(await read(page), OKAY);
  t.is(kept(), 0);
});

test('BLKIF-PERS-04: pages that nobody used for a minute or two are given back', async (t) => {
  const {block, read, kept} = await start(t, 1056);
  for (let page = 0; page < 8; page++) await read(page);
  await block.settle(60e9);
  await read(3);
  t.is(kept(), 8);
  await block.settle(60e9);
  t.is(kept(), 1);
  await block.settle(80e9);
  t.is(kept(), 0);
  t.is(await read(3), OKAY);
  t.is(kept(), 1);
});

test('BLKIF-PERS-09, BLKIF-REQ-12: one page in several segments and requests at once', async (t) => {
  const {block, front, grefs, kept, image, pages} = await start(t, 4);
  const segments = [0, 1, 2].map((i) => ({gref: grefs[0], first: i, last: i}));
  for (let i = 0; i < 5; i++) front.put({operation: READ, id: BigInt(i), sector: BigInt(3 * i), segments});
  front.push();
  await block.settle();
  t.deepEqual(
    front.take().map(({status}) => status),
    [OKAY, OKAY, OKAY, OKAY, OKAY],
  );
  t.is(kept(), 1);
  t.is(firstDifference(front.bytes(pages[0]).slice(0, 1536), image.slice(12 * 512, 15 * 512)), -1);
});

test('XSA-371: a request that fails half way leaves the count of what it had right', async (t) => {
  const {block, front, grefs, read, kept, before} = await start(t, 1056);
  for (let page = 0; page < 8; page++) await read(page);
  for (let at = 0; at < 4; at++) {
    const segments = [1, 2, 9, 3].map((page) => ({gref: grefs[page], first: 0, last: 7}));
    segments[at].gref = 4000;
    t.is((await front.request({operation: WRITE, segments})).status, ERROR);
  }
  t.is(kept(), 9);
  await front.setState(5);
  await block.settle();
  await front.setState(6);
  await block.settle();
  t.is(await block.states(), '6/6');
  t.is(mapped(block), before - 1);
  t.true(grefs.every((gref) => front.guest.ops.grantor.endAccess(gref)));
});

test('BLKIF-PERS-07: a frontend that disconnects has all its pages back before the backend is Closed', async (t) => {
  const block = await createBlockRig();
  const before = mapped(block);
  const {grantor, pages} = block.guest.ops;
  const [grants, frames] = [grantor.count, pages.freePages];
  await block.attach();
  await block.settle();
  await block.run(() => block.disk.write(0, pattern(262144)));
  await block.run(() => block.disk.read(0, 262144));
  t.true(mapped(block) > before + 60);
  await block.removeNodes();
  await block.settle(5e9);
  t.is(mapped(block), before);
  t.deepEqual([grantor.count, pages.freePages], [grants, frames]);
});

test('BLKIF-PERS-08: a backend that lets go of pages as it likes makes no difference to the frontend', async (t) => {
  const block = await createBlockRig({features: {grants: 3}});
  await block.attach();
  await block.settle();
  for (let round = 0; round < 10; round++) {
    const data = pattern(131072, round);
    await block.run(() => block.disk.write(round * 4096, data));
    t.is(firstDifference(await block.run(() => block.disk.read(round * 4096, 131072)), data), -1);
    await block.settle(100e9);
  }
  t.pass();
});
