import test from 'ava';
import {type BlockRig, createClientRig, XVDA} from '../support/block.ts';
import {RawBackend} from '../support/raw-backend.ts';

const READ = 0;
const WRITE = 1;
const FLUSH = 3;
const DISCARD = 5;
const ERROR = -1;
const NOT_SUPPORTED = -2;

const errorOf = (block: BlockRig): Promise<string | undefined> =>
  block.read(`/local/domain/${block.guest.domain.id}/error/device/vbd/${XVDA}/error`);

for (const [what, misbehave] of [
  ['an id that was never used', (back) => back.respond(7n, READ)],
  ['an id beyond the ring', (back) => back.respond(32n, READ)],
  ['an id of 2^63', (back) => back.respond(2n ** 63n, READ)],
  ['an id whose upper half is set', (back) => back.respond(back.request(0).id + 2n ** 32n, READ)],
  ['another operation', (back) => back.respond(back.request(0).id, WRITE)],
  [
    'one answer twice',
    (back) => {
      const {id} = back.request(0);
      back.respond(id, READ);
      back.respond(id, READ);
    },
  ],
  ['more responses than requests', (back) => back.push(3)],
  ['2^31 responses', (back) => back.push(2 ** 31)],
  ['an index that goes backwards', (back) => back.push(-1)],
  [
    'a page that is still mapped',
    (back) => {
      back.map(back.request(0).grefs[0]);
      back.respond(back.request(0).id, READ);
    },
  ],
] as [string, (back: RawBackend) => void][]) {
  test(`${what.includes('mapped') ? 'BLKIF-REQ-20' : 'BLKIF-REQ-22, XSA-376'}: ${what}: the device is given up with a reason, the guest goes on`, async (t) => {
    const block = await createClientRig();
    const back = await RawBackend.connect(block);
    t.is(await block.states(), '4/4');
    const reads = [block.disk.read(0, 8192), block.disk.read(8192, 512)];
    await block.settle();
    t.is(back.reqProd, 2);
    const before = back.request(0);
    t.like(before, {operation: READ, nrSegments: 2, sector: 0n});
    misbehave(back);
    if (!what.includes('index') && !what.includes('responses')) back.push();
    const [first, second] = await block.run(() => Promise.allSettled(reads));
    t.is(first.status, what === 'one answer twice' ? 'fulfilled' : 'rejected');
    t.is(second.status, 'rejected');
    await block.settle();
    t.regex((await errorOf(block)) ?? '', /^-5 /);
    t.is(await block.read(`${block.frontPath()}/state`), '5');
    await t.throwsAsync(() => block.run(() => block.devices[0].read(0, 512)), {message: /ENODEV/});
    t.false(block.guest.domain.dying);
    t.is(block.guest.domain.shutdownReason, undefined);
  });
}

test('a disk of 64 TiB has its size', async (t) => {
  const block = await createClientRig();
  await RawBackend.connect(block, {sectors: String(2 ** 37)});
  t.is(block.disk.sizeBytes, 2 ** 46);
});

test('BLKIF-REQ-02: answers may come in any order', async (t) => {
  const block = await createClientRig();
  const back = await RawBackend.connect(block);
  const done: number[] = [];
  const reads = [0, 1, 2, 3].map((i) => block.disk.read(i * 4096, 4096).then(() => done.push(i)));
  await block.settle();
  const ids = [2, 0, 3, 1].map((index) => back.request(index).id);
  for (const id of ids) back.respond(id, READ);
  back.push();
  await block.run(() => Promise.all(reads));
  t.deepEqual(done, [2, 0, 3, 1]);
});

test('what a slot says after it was published does not matter', async (t) => {
  const block = await createClientRig();
  const back = await RawBackend.connect(block);
  const grants = block.guest.ops.grantor.count;
  const read = block.disk.read(0, 45056);
  await block.settle();
  const {id} = back.request(0);
  // The response overlays the request, and the rest of the slot is rubbish by now.
  for (let i = 0; i < 5; i++) back.respond(id, READ);
  back.push(1);
  t.is((await block.run(() => read)).length, 45056);
  t.is(block.guest.ops.grantor.count, grants);
});

test('BLKIF-REQ-21: an error status is EIO for that call only', async (t) => {
  const block = await createClientRig();
  const back = await RawBackend.connect(block);
  const [bad, good] = [block.disk.read(0, 512), block.disk.read(512, 512)];
  await block.settle();
  back.respond(back.request(0).id, READ, ERROR);
  back.respond(back.request(1).id, READ);
  back.push();
  await t.throwsAsync(() => block.run(() => bad), {message: /EIO/});
  t.is((await block.run(() => good)).length, 512);
});

test('BLKIF-FLUSH-05: a flush that the backend does not know after all is not asked for again, and nothing is lost', async (t) => {
  const block = await createClientRig();
  const back = await RawBackend.connect(block);
  const flush = block.disk.flush();
  await block.settle();
  t.is(back.request(0).operation, FLUSH);
  back.respond(back.request(0).id, FLUSH, NOT_SUPPORTED);
  back.push();
  await block.run(() => flush);
  await block.run(() => block.disk.flush());
  t.is(back.reqProd, 1);
});

test('BLKIF-DISC-08: a discard that the backend does not know after all is refused from then on', async (t) => {
  const block = await createClientRig();
  const back = await RawBackend.connect(block, {'feature-discard': '1'});
  const discard = block.disk.discard(512, 1024);
  await block.settle();
  t.like(back.request(0), {operation: DISCARD, sector: 1n});
  back.respond(back.request(0).id, DISCARD, NOT_SUPPORTED);
  back.push();
  await t.throwsAsync(() => block.run(() => discard), {message: /EOPNOTSUPP/});
  await t.throwsAsync(() => block.run(() => block.disk.discard(512, 1024)), {message: /EOPNOTSUPP/});
  t.is(back.reqProd, 1);
});

test('BLKIF-NEG-03: a backend without features is not asked for them', async (t) => {
  const block = await createClientRig();
  const back = await RawBackend.connect(block, {'feature-flush-cache': '0'});
  await block.run(() => block.disk.flush());
  await t.throwsAsync(() => block.run(() => block.disk.discard(0, 512)), {message: /EOPNOTSUPP/});
  t.is(back.reqProd, 0);
});

test('BLKIF-NEG-12, XSA-403: a backend that is not trusted sees nothing in a page but what is written', async (t) => {
  for (const trusted of ['0', '1']) {
    const block = await createClientRig();
    const back = await RawBackend.connect(block, {}, {trusted});
    const seen = async (index: number): Promise<boolean> => {
      await block.settle();
      const {grefs, id, operation} = back.request(index);
      const isClean = back
        .bytes(grefs[0])
        .subarray(512)
        .every((byte) => byte === 0);
      back.respond(id, operation);
      back.push();
      await block.settle();
      return isClean;
    };
    // Fills the page that the next requests take.
    const first = block.disk.write(0, new Uint8Array(4096).fill(0xaa));
    await seen(0);
    await block.run(() => first);
    const calls: (() => Promise<unknown>)[] = [
      () => block.disk.write(0, new Uint8Array(512)),
      () => block.disk.read(0, 512),
    ];
    for (const [i, call] of calls.entries()) {
      const pending = call();
      t.is(await seen(i + 1), trusted === '0');
      await block.run(() => pending);
    }
  }
});

test('BLKIF-DISC-04: discards are whole blocks of the backend', async (t) => {
  const block = await createClientRig();
  const unit = {'feature-discard': '1', 'discard-granularity': '4096', 'discard-alignment': '1024'};
  const back = await RawBackend.connect(block, unit);
  const discard = block.disk.discard(512, 16384);
  await block.settle();
  t.like(back.request(0), {sector: 2n});
  back.respond(back.request(0).id, DISCARD);
  back.push();
  await block.run(() => discard);
  await block.run(() => block.disk.discard(1536, 4096));
  t.is(back.reqProd, 1);
});

test('BLKIF-REQ-23: a full ring: the rest waits, and goes on as answers come', async (t) => {
  const block = await createClientRig();
  const back = await RawBackend.connect(block);
  const reads = Array.from({length: 100}, (_, i) => block.disk.read(i * 512, 512));
  await block.settle();
  t.is(back.reqProd, 32);
  for (let done = 0; done < 100; done++) {
    back.respond(back.request(done).id, READ);
    back.push();
    await block.settle(1e6);
    t.is(back.reqProd, Math.min(100, 33 + done));
  }
  await block.run(() => Promise.all(reads));
  t.pass();
});

for (const [node, value] of [
  ['sectors', 'many'],
  ['sectors', '-1'],
  ['sector-size', '0'],
  ['sector-size', '1000'],
  ['sector-size', '8192'],
  ['info', 'x'],
]) {
  test(`${node} = ${value}: refused with a reason`, async (t) => {
    const block = await createClientRig();
    await RawBackend.connect(block, {[node]: value});
    t.is(block.devices.length, 0);
    t.regex((await errorOf(block)) ?? '', new RegExp(node));
    t.is(await block.read(`${block.frontPath()}/state`), '5');
  });
}

test('a backend that goes to Closed without a word: calls fail, pages come back when it lets go of them', async (t) => {
  const block = await createClientRig();
  const frames = block.guest.ops.pages.freePages;
  const grants = block.guest.ops.grantor.count;
  const back = await RawBackend.connect(block);
  const read = block.disk.read(0, 45056);
  await block.settle();
  const mapped = back.map(back.request(0).grefs[3]);
  await block.write(`${block.backPath()}/online`, '0');
  await block.write(`${block.backPath()}/state`, '6');
  await t.throwsAsync(() => block.run(() => read), {message: /ENODEV/});
  await block.settle();
  t.is(await block.states(), '6/6');
  // The ring and one page are still mapped: they stay granted and out of use.
  t.is(block.guest.ops.grantor.count, grants + 2);
  t.is(block.guest.ops.pages.freePages, frames - 2);
  back.unmap(mapped);
  back.unmap();
  await block.settle(5e9);
  t.is(block.guest.ops.grantor.count, grants);
  t.is(block.guest.ops.pages.freePages, frames);
});
