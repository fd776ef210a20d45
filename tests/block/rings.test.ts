import test from 'ava';
import {createBlockRig, createClientRig, createRawRig, firstDifference, pattern, tempImage} from '../support/block.ts';
import {RawBackend} from '../support/raw-backend.ts';
import {RawFrontend, type RingAbi} from '../support/raw-frontend.ts';

const READ = 0;
const IMAGE_BYTES = 4 << 20;

type Nodes = Record<string, string>;

/** Both spellings, and what people make of the node of order 0. */
const spellings: readonly [what: string, pages: number, nodes: (refs: readonly number[]) => Nodes][] = [
  ['ring-ref alone', 1, ([ref]) => ({'ring-ref': String(ref)})],
  ['ring-page-order 0 and ring-ref', 1, ([ref]) => ({'ring-page-order': '0', 'ring-ref': String(ref)})],
  ['ring-page-order 0 and ring-ref0', 1, ([ref]) => ({'ring-page-order': '0', 'ring-ref0': String(ref)})],
  ['num-ring-pages 1 and ring-ref', 1, ([ref]) => ({'num-ring-pages': '1', 'ring-ref': String(ref)})],
  ...[1, 2, 3, 4].flatMap((order): [string, number, (refs: readonly number[]) => Nodes][] => [
    [`ring-page-order ${order}`, 2 ** order, (refs) => ({'ring-page-order': String(order), ...numbered(refs)})],
    [`num-ring-pages ${2 ** order}`, 2 ** order, (refs) => ({'num-ring-pages': String(2 ** order), ...numbered(refs)})],
  ]),
];

const numbered = (refs: readonly number[]): Nodes =>
  Object.fromEntries(refs.map((ref, i) => [`ring-ref${i}`, String(ref)]));

for (const abi of ['x86_64', 'x86_32'] as RingAbi[]) {
  for (const [what, pages, nodes] of spellings) {
    test(`BLKIF-NEG-05, BLKIF-NEG-08: ${abi}, ${what}: a ring of ${pages} pages, full twice round`, async (t) => {
      const image = pattern(IMAGE_BYTES);
      const block = await createRawRig();
      await block.attach({target: tempImage(t, image)});
      await block.settle();
      const front = new RawFrontend(block, {abi, pages, start: 0xffffffe0});
      const path = block.frontPath();
      const all: Nodes = {...nodes(front.ringRefs), 'event-channel': String(front.port), protocol: `${abi}-abi`};
      for (const [key, value] of Object.entries(all)) await block.write(`${path}/${key}`, value);
      await front.setState(3);
      await block.settle();
      t.is(await block.states(), '4/3');
      const gfn = front.page();
      const gref = front.grant(gfn);
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < front.slots; i++) {
          front.put({operation: READ, id: BigInt(i), sector: BigInt(i), segments: [{gref, first: i % 8, last: i % 8}]});
        }
        front.push();
        await block.settle();
        const answers = front.take();
        t.deepEqual(
          answers.map(({id, status}) => [Number(id), status]),
          Array.from({length: front.slots}, (_, i) => [i, 0]),
        );
      }
      const last = (front.slots - 8) * 512;
      t.is(firstDifference(front.bytes(gfn), image.slice(last, last + 4096)), -1);
    });
  }
}

for (const order of [0, 1, 4, 5]) {
  for (const queues of [1, 2, 4, 5]) {
    test(`BLKIF-NEG-05, BLKIF-NEG-06, BLKIF-NEG-09: order ${order} and ${queues} queues of 4 each, both ends`, async (t) => {
      const block = await createBlockRig({features: {queues: 4}});
      const ports = block.guest.ops.interruptCounts().length;
      await block.attach({target: 'ram:8m', front: {tuning: `order=${Math.min(order, 4)},queues=${queues}`}});
      await block.settle();
      t.is(await block.states(), '4/4');
      const used = Math.min(queues, 4);
      const pages = 2 ** Math.min(order, 4);
      const front = await block.run(() => block.rig.dom0.xs.directory(block.frontPath()));
      t.is(front?.includes('event-channel'), used === 1);
      t.is(front?.includes('multi-queue-num-queues'), used > 1);
      const at = used === 1 ? block.frontPath() : `${block.frontPath()}/queue-${used - 1}`;
      t.is(
        await block.read(`${block.frontPath()}/ring-page-order`),
        pages === 1 ? undefined : String(Math.log2(pages)),
      );
      t.is(await block.read(`${block.frontPath()}/num-ring-pages`), pages === 1 ? undefined : String(pages));
      t.truthy(await block.read(`${at}/${pages === 1 ? 'ring-ref' : `ring-ref${pages - 1}`}`));
      t.is(await block.read(`${at}/ring-ref${pages}`), undefined);
      const model = new Uint8Array(8 << 20);
      const {disk} = block;
      await block.run(async () => {
        const writes = Array.from({length: 200}, (_, i) => {
          const data = pattern(((i % 13) + 1) * 8192, i);
          const offset = ((i * 37) % 100) * 65536 + (i % 7) * 512;
          model.set(data, offset);
          return disk.write(offset, data);
        });
        await Promise.all([...writes, disk.flush()]);
        t.is(firstDifference(await disk.read(0, model.length), model), -1);
      });
      await block.removeNodes();
      await block.settle(5e9);
      t.is(block.guest.ops.interruptCounts().length, ports);
    });
  }
}

test('BLKIF-NEG-11: one of two queues lacks a node: refused as a whole', async (t) => {
  for (const missing of ['queue-0/ring-ref', 'queue-1/ring-ref', 'queue-0/event-channel', 'queue-1/event-channel']) {
    const block = await createRawRig({features: {queues: 4}});
    const [first, second] = [new RawFrontend(block), new RawFrontend(block)];
    const before = block.rig.dom0.domain.maptrack.count;
    await block.attach();
    await block.settle();
    const nodes: Nodes = {'multi-queue-num-queues': '2'};
    [first, second].forEach(({ringRef, port}, i) => {
      nodes[`queue-${i}/ring-ref`] = String(ringRef);
      nodes[`queue-${i}/event-channel`] = String(port);
    });
    delete nodes[missing];
    for (const [key, value] of Object.entries(nodes)) await block.write(`${block.frontPath()}/${key}`, value);
    await first.setState(3);
    await block.settle();
    t.is(await block.states(), '5/3');
    t.is(block.rig.dom0.domain.maptrack.count, before);
  }
});

test('BLKIF-NEG-02, BLKIF-NEG-03: a backend that says max-ring-pages, and features only when Connected', async (t) => {
  const block = await createClientRig();
  const offers = {'max-ring-pages': '4', 'multi-queue-max-queues': '3'};
  const back = await RawBackend.connect(block, {'feature-persistent': '1'}, {tuning: 'order=3,queues=8'}, offers);
  t.is(await block.read(`${block.frontPath()}/ring-page-order`), '2');
  t.is(await block.read(`${block.frontPath()}/multi-queue-num-queues`), '3');
  t.is(await block.states(), '4/4');
  t.is(back.reqProd, 0);
});

test('BLKIF-DYN-06, BLKIF-FLUSH-02: a flush on one queue covers the writes on the others', async (t) => {
  const block = await createBlockRig({features: {queues: 4}});
  await block.attach({target: 'ram:8m', front: {tuning: 'queues=4'}});
  await block.settle();
  const done: string[] = [];
  await block.run(() =>
    Promise.all([
      ...[0, 1, 2, 3].map((i) => block.disk.write(i << 20, pattern(65536, i)).then(() => done.push('write'))),
      block.disk.flush().then(() => done.push('flush')),
    ]),
  );
  t.deepEqual(done, ['write', 'write', 'write', 'write', 'flush']);
  t.true(block.backend().toString().includes('; '));
});
