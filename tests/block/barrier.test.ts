import test from 'ava';
import {RamImage} from '../../backends/storage/index.ts';
import {
  type BlockRig,
  createBlockRig,
  createClientRig,
  createRawRig,
  firstDifference,
  pattern,
} from '../support/block.ts';
import {RawBackend} from '../support/raw-backend.ts';
import {RawFrontend} from '../support/raw-frontend.ts';
import {SlowStorage} from '../support/slow-storage.ts';

const READ = 0;
const WRITE = 1;
const BARRIER = 2;
const FLUSH = 3;
const NOT_SUPPORTED = -2;

const start = async (): Promise<{block: BlockRig; front: RawFrontend; storage: SlowStorage; gref: number}> => {
  const storage = new SlowStorage(new RamImage(65536));
  const block = await createRawRig({open: () => storage});
  const front = new RawFrontend(block);
  await front.connect();
  return {block, front, storage, gref: front.grant(front.page())};
};

const waiting = ({waiting: operations}: SlowStorage): string => operations.map(({what}) => what).join(' ');

test('BLKIF-FLUSH-01: a barrier waits for what came before, and what comes after waits for it', async (t) => {
  const {block, front, storage, gref} = await start();
  const segments = [{gref, first: 0, last: 0}];
  for (const [id, sector] of [
    [0n, 0n],
    [1n, 10n],
  ]) {
    front.put({operation: WRITE, id, sector, segments});
  }
  front.put({operation: BARRIER, id: 2n, sector: 20n, segments});
  front.put({operation: WRITE, id: 3n, sector: 30n, segments});
  front.push();
  await block.settle();
  t.is(waiting(storage), 'write write');
  storage.finish(1);
  await block.settle();
  t.is(waiting(storage), 'write');
  // Then the writes before it are made stable, its own is done, and made stable, too.
  for (const next of ['flush', 'write', 'flush', 'write']) {
    storage.finish();
    await block.settle();
    t.is(waiting(storage), next);
  }
  storage.finish();
  await block.settle();
  t.deepEqual(
    front.take().map(({id, operation, status}) => [Number(id), operation, status]),
    [
      [1, WRITE, 0],
      [0, WRITE, 0],
      [2, BARRIER, 0],
      [3, WRITE, 0],
    ],
  );
});

test('BLKIF-FLUSH-01: a barrier without data', async (t) => {
  const {block, front, storage, gref} = await start();
  front.put({operation: BARRIER, id: 1n});
  front.put({operation: READ, id: 2n, segments: [{gref, first: 0, last: 7}]});
  front.push();
  await block.settle();
  t.is(waiting(storage), 'flush');
  storage.finish();
  await block.settle();
  t.is(waiting(storage), 'read');
});

test('requests that touch the same bytes are done in the order they came', async (t) => {
  const {block, front, storage, gref} = await start();
  const put = (id: bigint, operation: number, sector: bigint, sectors: number): void =>
    front.put({operation, id, sector, segments: [{gref, first: 0, last: sectors - 1}]});
  put(0n, WRITE, 0n, 8);
  put(1n, READ, 32n, 8);
  put(2n, READ, 36n, 8);
  put(3n, READ, 7n, 1);
  put(4n, WRITE, 64n, 8);
  front.push();
  await block.settle();
  // The read of sector 7 waits for the write; reads do not wait for each other.
  t.is(waiting(storage), 'write read read');
  storage.finish();
  await block.settle();
  t.is(waiting(storage), 'read read read write');
  while (storage.waiting.length > 0) storage.finish();
  await block.settle();
  t.is(front.take().length, 5);
});

test('BLKIF-FLUSH-06: the frontend flushes where it can, and sends barriers where it cannot', async (t) => {
  for (const [nodes, operation] of [
    [{'feature-flush-cache': '1', 'feature-barrier': '1'}, FLUSH],
    [{'feature-flush-cache': '0', 'feature-barrier': '1'}, BARRIER],
  ] as const) {
    const block = await createClientRig();
    const back = await RawBackend.connect(block, nodes);
    const flush = block.disk.flush();
    await block.settle();
    t.like(back.request(0), {operation, nrSegments: 0});
    back.respond(back.request(0).id, operation);
    back.push();
    await block.run(() => flush);
    t.true(block.disk.canFlush);
  }
});

test('BLKIF-FLUSH-05: a flush that is not supported after all becomes a barrier, then nothing', async (t) => {
  const block = await createClientRig();
  const back = await RawBackend.connect(block, {'feature-barrier': '1'});
  const flush = block.disk.flush();
  for (const [index, operation] of [FLUSH, BARRIER].entries()) {
    await block.settle();
    t.is(back.request(index).operation, operation);
    t.true(block.disk.canFlush);
    back.respond(back.request(index).id, operation, NOT_SUPPORTED);
    back.push();
  }
  await block.run(() => flush);
  t.false(block.disk.canFlush);
  await block.run(() => block.disk.flush());
  t.is(back.reqProd, 2);
});

test('BLKIF-FLUSH-07: a backend without flush and barrier: the disk says so', async (t) => {
  const block = await createBlockRig();
  await block.attach({back: {tuning: 'flush=0,barrier=0'}});
  await block.settle();
  t.is(await block.read(`${block.backPath()}/feature-flush-cache`), undefined);
  t.is(await block.read(`${block.backPath()}/feature-barrier`), undefined);
  t.false(block.disk.canFlush);
  await block.run(() => block.disk.flush());
  t.is(block.backend().stats().f_req, 0);
});

test('BLKIF-FLUSH-08: storage that does not know how to flush: the offer is taken back', async (t) => {
  const image = new RamImage(65536);
  image.flush = () => -95;
  const block = await createBlockRig({open: () => image});
  await block.attach();
  await block.settle();
  const data = pattern(4096);
  await block.run(() => block.disk.write(0, data));
  await block.run(() => block.disk.flush());
  await block.settle();
  t.is(await block.read(`${block.backPath()}/feature-flush-cache`), '0');
  t.is(firstDifference(await block.run(() => block.disk.read(0, 4096)), data), -1);
});
