import {readFileSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {createRawRig, pattern, tempImage, firstDifference} from '../support/block.ts';
import {type RawRequest, RawFrontend, type RingAbi} from '../support/raw-frontend.ts';

const READ = 0;
const WRITE = 1;
const BARRIER = 2;
const FLUSH = 3;
const DISCARD = 5;
const INDIRECT = 6;
const OKAY = 0;
const ERROR = -1;
const NOT_SUPPORTED = -2;

const SECTORS = 128;
const IMAGE_BYTES = SECTORS * 512;

for (const abi of ['x86_64', 'x86_32'] as RingAbi[]) {
  for (const start of [0, 0xfffffff0]) {
    test(`BLKIF-LAY-01, BLKIF-LAY-02, BLKIF-LAY-03, BLKIF-REQ-03: ${abi}, indexes from ${start}: reads and writes move the bytes that the segments name`, async (t) => {
      const image = pattern(IMAGE_BYTES);
      const path = tempImage(t, image);
      const block = await createRawRig();
      const front = new RawFrontend(block, {abi, start});
      await front.connect({target: path});
      t.is(await block.states(), '4/3');
      const gfn = front.page();
      const gref = front.grant(gfn);
      for (let round = 0; round < 40; round++) {
        const first = round % 8;
        const last = first + ((round * 5) % (8 - first));
        const sector = (round * 3) % (SECTORS - 8);
        const segments = [{gref, first, last}];
        front.bytes(gfn).fill(0xee);
        const id = 0xfedc_ba98_7654_3210n + BigInt(round);
        t.deepEqual(await front.request({operation: READ, id, sector: BigInt(sector), segments}), {
          id,
          operation: READ,
          status: OKAY,
        });
        const expected = new Uint8Array(4096).fill(0xee);
        expected.set(image.subarray(sector * 512, (sector + last - first + 1) * 512), first * 512);
        t.is(firstDifference(front.bytes(gfn), expected), -1);
      }
      front.bytes(gfn).set(pattern(4096, 9));
      const segments = [
        {gref, first: 2, last: 3},
        {gref, first: 0, last: 7},
        {gref, first: 7, last: 7},
      ];
      t.is((await front.request({operation: WRITE, sector: 100n, segments})).status, OKAY);
      const written = new Uint8Array(readFileSync(path));
      const page = pattern(4096, 9);
      image.set(page.subarray(1024, 2048), 100 * 512);
      image.set(page, 102 * 512);
      image.set(page.subarray(3584), 110 * 512);
      t.is(firstDifference(written, image), -1);
    });
  }
}

interface BadRequest {
  what: string;
  request: (gref: number, readonlyGref: number) => RawRequest;
  status: number;
  mode?: string;
  back?: Record<string, string>;
}

const one = (gref: number, first = 0, last = 7): RawRequest['segments'] => [{gref, first, last}];
const many = (count: number, gref: number): RawRequest['segments'] =>
  Array.from({length: count}, () => ({gref, first: 0, last: 0}));

const table: BadRequest[] = [
  {what: 'BLKIF-REQ-05: no segments', request: () => ({operation: READ}), status: ERROR},
  {what: 'BLKIF-REQ-05: no segments to write', request: () => ({operation: WRITE}), status: ERROR},
  {
    what: 'BLKIF-REQ-05, BLKIF-REQ-12: 11 segments',
    request: (gref) => ({operation: READ, segments: many(11, gref)}),
    status: OKAY,
  },
  {
    what: 'BLKIF-REQ-05, XSA-513: 12 segments',
    request: (gref) => ({operation: READ, segments: many(11, gref), nrSegments: 12}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-05, XSA-513: 255 segments',
    request: (gref) => ({operation: READ, segments: many(11, gref), nrSegments: 255}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-06: last before first',
    request: (gref) => ({operation: READ, segments: one(gref, 4, 3)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-06, XSA-513: last 8',
    request: (gref) => ({operation: READ, segments: one(gref, 0, 8)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-06: first and last 255',
    request: (gref) => ({operation: READ, segments: one(gref, 255, 255)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-06: a bad segment behind a good one',
    request: (gref) => ({operation: READ, segments: [...one(gref)!, ...one(gref, 7, 6)!]}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-10: the last sectors',
    request: (gref) => ({operation: READ, sector: 120n, segments: one(gref)}),
    status: OKAY,
  },
  {
    what: 'BLKIF-REQ-10: one past the end',
    request: (gref) => ({operation: READ, sector: 121n, segments: one(gref)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-10: at the end',
    request: (gref) => ({operation: WRITE, sector: 128n, segments: one(gref)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-10: at 2^32',
    request: (gref) => ({operation: READ, sector: 2n ** 32n, segments: one(gref)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-10: at 2^63',
    request: (gref) => ({operation: WRITE, sector: 2n ** 63n, segments: one(gref)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-10: wrapping round 2^64',
    request: (gref) => ({operation: READ, sector: 2n ** 64n - 4n, segments: one(gref)}),
    status: ERROR,
  },
  {what: 'BLKIF-REQ-11: a reference of nobody', request: () => ({operation: READ, segments: one(4000)}), status: ERROR},
  {
    what: 'BLKIF-REQ-11: a reference outside the table',
    request: () => ({operation: READ, segments: one(0xffff_ffff)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-11: a read into a read-only page',
    request: (_, readonlyGref) => ({operation: READ, segments: one(readonlyGref)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-14: a write from a read-only page',
    request: (_, readonlyGref) => ({operation: WRITE, segments: one(readonlyGref)}),
    status: OKAY,
  },
  {
    what: 'BLKIF-REQ-11: a bad reference behind ten good ones',
    request: (gref) => ({operation: READ, segments: [...many(10, gref)!, ...one(4000)!]}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-17: any handle',
    request: (gref) => ({operation: READ, handle: 0xbeef, segments: one(gref)}),
    status: OKAY,
  },
  {
    what: 'BLKIF-REQ-15, XSA-142: a write to a read-only disk',
    mode: 'r',
    request: (gref) => ({operation: WRITE, segments: one(gref)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-15: a read of a read-only disk',
    mode: 'r',
    request: (gref) => ({operation: READ, segments: one(gref)}),
    status: OKAY,
  },
  {
    what: 'BLKIF-DISC-07, XSA-142: a discard on a read-only disk',
    mode: 'r',
    request: () => ({operation: DISCARD, discardSectors: 8n}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-15, XSA-142: a flush with data to a read-only disk',
    mode: 'r',
    request: (gref) => ({operation: FLUSH, segments: one(gref)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-REQ-15, XSA-142: a barrier with data to a read-only disk',
    mode: 'r',
    request: (gref) => ({operation: BARRIER, segments: one(gref)}),
    status: ERROR,
  },
  {what: 'BLKIF-FLUSH-01: a barrier', request: () => ({operation: BARRIER}), status: OKAY},
  {
    what: 'BLKIF-FLUSH-01: a barrier with data',
    request: (gref) => ({operation: BARRIER, segments: one(gref)}),
    status: OKAY,
  },
  {what: 'BLKIF-FLUSH-03: a flush', request: () => ({operation: FLUSH}), status: OKAY},
  {what: 'BLKIF-FLUSH-03: a flush of a read-only disk', mode: 'r', request: () => ({operation: FLUSH}), status: OKAY},
  {
    what: 'BLKIF-FLUSH-03: a flush with data',
    request: (gref) => ({operation: FLUSH, segments: one(gref)}),
    status: OKAY,
  },
  {
    what: 'BLKIF-FLUSH-03: a flush with 12 segments',
    request: () => ({operation: FLUSH, nrSegments: 12}),
    status: ERROR,
  },
  {
    what: 'BLKIF-FLUSH-03: a flush with data past the end',
    request: (gref) => ({operation: FLUSH, sector: 128n, segments: one(gref)}),
    status: ERROR,
  },
  {
    what: 'BLKIF-DISC-01: a discard',
    request: () => ({operation: DISCARD, sector: 8n, discardSectors: 8n}),
    status: OKAY,
  },
  {
    what: 'BLKIF-DISC-06: a discard of nothing',
    request: () => ({operation: DISCARD, discardSectors: 0n}),
    status: OKAY,
  },
  {what: 'BLKIF-DISC-01: a discard of all', request: () => ({operation: DISCARD, discardSectors: 128n}), status: OKAY},
  {
    what: 'BLKIF-DISC-01: a discard past the end',
    request: () => ({operation: DISCARD, sector: 1n, discardSectors: 128n}),
    status: ERROR,
  },
  {
    what: 'BLKIF-DISC-01: a discard of 2^64 - 1',
    request: () => ({operation: DISCARD, discardSectors: 2n ** 64n - 1n}),
    status: ERROR,
  },
  {
    what: 'BLKIF-DISC-02: a secure discard where that is not offered',
    request: () => ({operation: DISCARD, nrSegments: 1, discardSectors: 8n}),
    status: OKAY,
  },
  {
    what: 'BLKIF-DISC-03: a discard where the toolstack forbids it',
    back: {'discard-enable': '0'},
    request: () => ({operation: DISCARD, discardSectors: 8n}),
    status: NOT_SUPPORTED,
  },
  {
    what: 'BLKIF-REQ-16: a barrier, not offered',
    back: {tuning: 'barrier=0'},
    request: (gref) => ({operation: BARRIER, segments: one(gref)}),
    status: NOT_SUPPORTED,
  },
  {what: 'BLKIF-REQ-16: operation 4', request: (gref) => ({operation: 4, segments: one(gref)}), status: NOT_SUPPORTED},
  {
    what: 'BLKIF-NEG-04: an indirect request, not offered',
    back: {tuning: 'indirect=0'},
    request: () => ({operation: INDIRECT, nrSegments: INDIRECT}),
    status: NOT_SUPPORTED,
  },
  {what: 'BLKIF-REQ-16: operation 7', request: (gref) => ({operation: 7, segments: one(gref)}), status: NOT_SUPPORTED},
  {
    what: 'BLKIF-REQ-16: operation 255',
    request: (gref) => ({operation: 255, segments: one(gref)}),
    status: NOT_SUPPORTED,
  },
];

const everyCase = table.flatMap((each) => (['x86_64', 'x86_32'] as const).map((abi) => ({...each, abi})));

for (const {what, request, status, mode, back, abi} of everyCase) {
  test(`${what} (${abi}): status ${status}, and the disk lives on`, async (t) => {
    const image = pattern(IMAGE_BYTES);
    const path = tempImage(t, image);
    const block = await createRawRig();
    const front = new RawFrontend(block, {abi});
    await front.connect({target: path, mode, back});
    const gfn = front.page();
    front.bytes(gfn).fill(0xee);
    const [gref, readonlyGref] = [front.grant(gfn), front.grant(gfn, true)];
    const mapped = block.rig.dom0.domain.maptrack.count;
    const bad = request(gref, readonlyGref);
    t.like(await front.request({...bad, id: 77n}), {id: 77n, operation: bad.operation, status});
    t.is(block.rig.dom0.domain.maptrack.count, mapped);
    t.is(block.backend().stats().errors, status === OKAY ? 0 : 1);
    if (status !== OKAY) {
      t.is(firstDifference(new Uint8Array(readFileSync(path)), image), -1);
      t.true(front.bytes(gfn).every((byte) => byte === 0xee));
    }
    writeFileSync(path, image);
    t.is((await front.request({operation: READ, segments: one(gref)})).status, OKAY);
    t.is(firstDifference(front.bytes(gfn), image.slice(0, 4096)), -1);
    t.is(await block.states(), '4/3');
  });
}

test('BLKIF-REQ-05, BLKIF-REQ-06, XSA-513: every number of segments and many ranges, of every operation', async (t) => {
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect({target: `ram:${IMAGE_BYTES}`});
  const gfn = front.page();
  const gref = front.grant(gfn);
  const guard = front.page();
  front.bytes(guard).fill(0xee);
  const edges = [0, 1, 6, 7, 8, 9, 127, 128, 255];
  const ranges = edges.flatMap((first) => edges.map((last) => ({gref, first, last})));
  for (const operation of [READ, WRITE, BARRIER, FLUSH]) {
    const asked: RawRequest[] = [
      ...Array.from({length: 256}, (_, nrSegments) => ({operation, segments: many(11, gref), nrSegments})),
      ...ranges.map((range) => ({operation, segments: [range]})),
    ];
    const mayBeEmpty = operation === BARRIER || operation === FLUSH;
    for (let at = 0; at < asked.length; at += 32) {
      const batch = asked.slice(at, at + 32);
      batch.forEach((request, i) => front.put({...request, id: BigInt(i)}));
      front.push();
      await block.settle(1e7);
      const answers = front.take();
      t.is(answers.length, batch.length);
      for (const {id, status} of answers) {
        const {nrSegments = 1, segments = []} = batch[Number(id)];
        const [{first, last}] = segments;
        const inside = nrSegments <= 11 && first <= last && last <= 7;
        t.is(
          status,
          inside && (nrSegments > 0 || mayBeEmpty) ? OKAY : ERROR,
          `${operation} ${nrSegments} ${first} ${last}`,
        );
      }
    }
  }
  t.true(front.bytes(guard).every((byte) => byte === 0xee));
});

test('BLKIF-FLUSH-03: a flush with data writes it', async (t) => {
  const path = tempImage(t, new Uint8Array(IMAGE_BYTES));
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect({target: path});
  const gfn = front.page();
  front.bytes(gfn).set(pattern(4096));
  await front.request({operation: FLUSH, sector: 16n, segments: one(front.grant(gfn))});
  t.is(firstDifference(new Uint8Array(readFileSync(path)).subarray(8192, 12288), pattern(4096)), -1);
  t.like(block.backend().stats(), {f_req: 1, wr_req: 0, wr_sect: 8});
});

test('requests are answered in one batch, with one event when it was asked for', async (t) => {
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect();
  const batches: unknown[] = [];
  block.backend().batches.subscribe((batch) => batches.push(batch));
  const gref = front.grant(front.page());
  const before = front.events;
  for (let i = 0; i < 20; i++)
    front.put({operation: READ, id: BigInt(i), sector: BigInt(i), segments: one(gref, 0, 0)});
  front.push();
  await block.settle();
  t.deepEqual(batches, [{requests: 20, responses: 20, notified: true}]);
  t.is(front.events, before + 1);
  t.deepEqual(
    front.take().map(({id}) => Number(id)),
    Array.from({length: 20}, (_, i) => i),
  );
  // Events held off: the frontend looks only after five more.
  const [reqProd, reqEvent, rspProd] = front.indexes;
  t.is(reqEvent, reqProd + 1);
  front.setIndexes(reqProd, reqEvent, rspProd, rspProd + 5);
  for (let i = 0; i < 4; i++) front.put({operation: READ, segments: one(gref, 0, 0)});
  front.push();
  await block.settle();
  t.is(front.events, before + 1);
  t.like(batches.at(-1), {requests: 4, notified: false});
});

test('a merged transfer that fails in one place fails that request only', async (t) => {
  const path = tempImage(t, pattern(IMAGE_BYTES));
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect({target: path});
  // The image loses its second half behind the backend's back.
  writeFileSync(path, pattern(IMAGE_BYTES).subarray(0, 64 * 512));
  const gref = front.grant(front.page());
  for (const sector of [48n, 56n, 64n, 72n]) front.put({operation: READ, id: sector, sector, segments: one(gref)});
  front.push();
  await block.settle();
  t.deepEqual(
    front.take().map(({id, status}) => [Number(id), status]),
    [
      [48, OKAY],
      [56, OKAY],
      [64, ERROR],
      [72, ERROR],
    ],
  );
});

test('a write to a read-only RAM image is refused before it reaches the image', async (t) => {
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect({target: `ram:${IMAGE_BYTES}`, mode: 'r'});
  const gfn = front.page();
  front.bytes(gfn).fill(0xee);
  const gref = front.grant(gfn);
  t.is((await front.request({operation: WRITE, segments: one(gref)})).status, ERROR);
  t.is((await front.request({operation: FLUSH, segments: one(gref)})).status, ERROR);
  t.is((await front.request({operation: READ, segments: one(gref)})).status, OKAY);
  t.true(front.bytes(gfn).every((byte) => byte === 0));
});
