import test from 'ava';
import {type BlockRig, createRawRig, pattern, tempImage, firstDifference} from '../support/block.ts';
import {RawFrontend} from '../support/raw-frontend.ts';

const READ = 0;
const IMAGE_BYTES = 65536;

/** Closed with a reason, and nothing of the guest held. */
const fenced = async (block: BlockRig): Promise<{state: string | undefined; error: string | undefined}> => ({
  state: await block.read(`${block.backPath()}/state`),
  error: await block.read(`/local/domain/0/error/backend/vbd/${block.guest.domain.id}/51712/error`),
});

for (const [what, start, ahead] of [
  ['one too many', 0, 33],
  ['one too many across the wrap', 0xfffffff0, 33],
  ['2^31 too many', 0, 2 ** 31],
  ['an index that goes backwards', 5, -1],
] as const) {
  test(`BLKIF-REQ-24: ring over-run, ${what}: the device is fenced with a reason`, async (t) => {
    const block = await createRawRig();
    const front = new RawFrontend(block, {start});
    const before = block.rig.dom0.domain.maptrack.count;
    await front.connect();
    t.is(await block.states(), '4/3');
    const [, , rspProd] = front.indexes;
    front.push(start + ahead);
    await block.settle();
    const {state, error} = await fenced(block);
    t.is(state, '5');
    t.regex(error ?? '', /^-5 ring over-run/);
    t.is(front.indexes[2], rspProd);
    t.is(block.rig.dom0.domain.maptrack.count, before);
    // Later events are nobody's.
    front.push(start);
    await front.setState(6);
    await block.settle();
    t.is(await block.states(), '6/6');
  });
}

test('a guest fences itself only: the disk of another goes on', async (t) => {
  const block = await createRawRig();
  const [bad, good] = [new RawFrontend(block), new RawFrontend(block)];
  await bad.connect({vdev: 51712});
  await good.connect({vdev: 51728});
  bad.push(1000);
  await block.settle();
  t.is(await block.states(51712), '5/3');
  const gref = good.grant(good.page());
  t.is((await good.request({operation: READ, segments: [{gref, first: 0, last: 7}]})).status, 0);
});

for (const [what, nodes, reason] of [
  ['BLKIF-NEG-11: no such ring-ref', {'ring-ref': '5000'}, /mapping ring-ref/],
  ['a ring-ref of no number', {'ring-ref': '8; rm'}, /ring-ref/],
  ['no such port', {'event-channel': '999'}, /event-channel/],
  ['a huge port', {'event-channel': '4294967295'}, /event-channel/],
  ['BLKIF-NEG-13: an unknown protocol', {protocol: 'vax-abi'}, /protocol/],
  ['BLKIF-NEG-07: a ring of 32 pages', {'ring-page-order': '5'}, /ring-page-order 5, of 4 at most/],
  ['BLKIF-NEG-07: a ring of 2^2^32 pages', {'ring-page-order': '4294967295'}, /ring-page-order/],
  ['BLKIF-NEG-07: two pages, but one reference', {'ring-page-order': '1'}, /ring-ref0/],
  ['BLKIF-NEG-07: three pages', {'num-ring-pages': '3'}, /num-ring-pages 3 is no power of two/],
  ['BLKIF-NEG-07: no pages', {'num-ring-pages': '0'}, /num-ring-pages 0/],
  [
    'BLKIF-NEG-06: orders and pages that differ',
    {'ring-page-order': '1', 'num-ring-pages': '4'},
    /but num-ring-pages 4/,
  ],
  ['BLKIF-NEG-10: no queue', {'multi-queue-num-queues': '0'}, /queues 0/],
  ['BLKIF-NEG-10: two queues of one', {'multi-queue-num-queues': '2'}, /queues 2, of 1 at most/],
  ['BLKIF-NEG-10: 2^32 queues', {'multi-queue-num-queues': '4294967296'}, /queues/],
] as const) {
  test(`${what}: refused with a reason, nothing held`, async (t) => {
    const block = await createRawRig();
    const before = block.rig.dom0.domain.maptrack.count;
    const front = new RawFrontend(block);
    await block.attach();
    await block.settle();
    await front.announce(51712, nodes);
    await block.settle();
    const {state, error} = await fenced(block);
    t.is(state, '5');
    t.regex(error ?? '', reason);
    t.is(block.rig.dom0.domain.maptrack.count, before);
  });
}

const spelledOut: Record<string, string>[] = [
  {'ring-page-order': '0'},
  {'multi-queue-num-queues': '1'},
  {protocol: ''},
];

for (const nodes of spelledOut) {
  test(`${JSON.stringify(nodes)}: ${'protocol' in nodes ? 'refused' : 'as without'}`, async (t) => {
    const block = await createRawRig();
    const front = new RawFrontend(block);
    await block.attach();
    await block.settle();
    await front.announce(51712, nodes);
    await block.settle();
    t.is(await block.states(), 'protocol' in nodes ? '5/3' : '4/3');
  });
}

test('BLKIF-NEG-08: ring-ref0 stands for ring-ref', async (t) => {
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await block.attach();
  await block.settle();
  const path = block.frontPath();
  await block.write(`${path}/ring-ref0`, String(front.ringRef));
  await block.write(`${path}/event-channel`, String(front.port));
  await front.setState(3);
  await block.settle();
  t.is(await block.states(), '4/3');
});

test('BLKIF-REQ-01: requests that are there before the backend are served', async (t) => {
  const block = await createRawRig();
  const front = new RawFrontend(block);
  const gref = front.grant(front.page());
  front.put({operation: READ, id: 5n, segments: [{gref, first: 0, last: 7}]});
  front.push();
  await front.connect();
  t.deepEqual(front.take(), [{id: 5n, operation: READ, status: 0}]);
});

test('XSA-155: a slot that changes after it was taken changes nothing', async (t) => {
  const image = pattern(IMAGE_BYTES);
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect({target: tempImage(t, image)});
  const gfn = front.page();
  const gref = front.grant(gfn);
  // Responses overlay requests of the same ring: a full ring, all in one batch.
  for (let i = 0; i < 32; i++)
    front.put({operation: READ, id: BigInt(i), sector: BigInt(i), segments: [{gref, first: i % 8, last: i % 8}]});
  front.push();
  await block.settle();
  t.is(front.take().filter(({status}) => status === 0).length, 32);
  for (let i = 24; i < 32; i++)
    t.is(
      firstDifference(front.bytes(gfn).slice((i % 8) * 512, (i % 8) * 512 + 512), image.slice(i * 512, i * 512 + 512)),
      -1,
    );
});

test('a page revoked before the request is served gives an error', async (t) => {
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect();
  const gref = front.grant(front.page());
  front.put({operation: READ, segments: [{gref, first: 0, last: 7}]});
  t.true(block.guest.ops.grantor.endAccess(gref));
  front.push();
  await block.settle();
  t.is(front.take()[0].status, -1);
});

test('XSA-332: a port that is not ours, and events without requests, do nothing', async (t) => {
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect();
  for (let i = 0; i < 50; i++) {
    front.push();
    await block.settle(1e6);
  }
  t.is(await block.states(), '4/3');
  t.deepEqual(front.take(), []);
});

for (const text of ['0', '9', '-1', 'abc', '']) {
  test(`state "${text}" of the frontend: everything is let go, and a good state is taken up again`, async (t) => {
    const block = await createRawRig();
    const before = block.rig.dom0.domain.maptrack.count;
    const front = new RawFrontend(block);
    await front.connect();
    t.true(block.rig.dom0.domain.maptrack.count > before);
    await block.write(`${block.frontPath()}/state`, text);
    await block.settle();
    t.is(await block.read(`${block.backPath()}/state`), '6');
    t.is(block.rig.dom0.domain.maptrack.count, before);
    const again = new RawFrontend(block);
    await again.announce();
    await block.settle();
    t.is(await block.states(), '4/3');
  });
}
