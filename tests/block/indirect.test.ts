import {readFileSync} from 'node:fs';
import test from 'ava';
import {type BlockRig, createRawRig, firstDifference, pattern, tempImage} from '../support/block.ts';
import {RawFrontend, type RawRequest, type RawSegment, type RingAbi} from '../support/raw-frontend.ts';

const READ = 0;
const WRITE = 1;
const INDIRECT = 6;
const OKAY = 0;
const ERROR = -1;

const IMAGE_BYTES = 2 ** 20;
const MAX = 256;

/** A disk, a frontend for it, and as many granted pages. */
const start = async (t: {teardown(clean: () => void): void}, pages: number, abi: RingAbi = 'x86_64') => {
  const image = pattern(IMAGE_BYTES);
  const path = tempImage(t, image);
  const block = await createRawRig();
  const front = new RawFrontend(block, {abi});
  await front.connect({target: path});
  const frames = Array.from({length: pages}, () => front.page());
  const grefs = frames.map((gfn) => front.grant(gfn));
  return {image, path, block, front, frames, grefs};
};

const wholePages = (grefs: readonly number[]): RawSegment[] => grefs.map((gref) => ({gref, first: 0, last: 7}));

const indirect = (operation: number, gref: number, nrSegments: number, sector = 0n): RawRequest => ({
  operation: INDIRECT,
  id: 9n,
  sector,
  indirect: {operation, nrSegments, grefs: [gref]},
});

const contents = (front: RawFrontend, frames: readonly number[]): Uint8Array =>
  Buffer.concat(frames.map((gfn) => front.bytes(gfn)));

for (const abi of ['x86_64', 'x86_32'] as const) {
  for (const segments of [1, 11, 12, 32, 255, MAX]) {
    test(`BLKIF-LAY-05, BLKIF-LAY-06, BLKIF-REQ-04: ${abi}, ${segments} segments move the bytes they name`, async (t) => {
      const {image, path, front, frames, grefs} = await start(t, segments, abi);
      const page = front.segmentPage(wholePages(grefs));
      t.deepEqual(await front.request(indirect(READ, page, segments)), {id: 9n, operation: READ, status: OKAY});
      t.is(firstDifference(contents(front, frames), image.subarray(0, segments * 4096)), -1);
      const data = pattern(segments * 4096, 5);
      frames.forEach((gfn, i) => front.bytes(gfn).set(data.subarray(i * 4096, i * 4096 + 4096)));
      t.deepEqual(await front.request(indirect(WRITE, page, segments)), {id: 9n, operation: WRITE, status: OKAY});
      t.is(firstDifference(new Uint8Array(readFileSync(path)).subarray(0, data.length), data), -1);
    });
  }
}

test('BLKIF-IND-07, BLKIF-REQ-13: segments may be parts of pages, and nothing around them is touched', async (t) => {
  const {image, front, frames, grefs} = await start(t, 40);
  for (const gfn of frames) front.bytes(gfn).fill(0xee);
  const segments = grefs.map((gref, i) => ({gref, first: i % 8, last: Math.min(7, (i % 8) + (i % 3))}));
  t.is((await front.request(indirect(READ, front.segmentPage(segments), 40, 100n))).status, OKAY);
  let at = 100 * 512;
  frames.forEach((gfn, i) => {
    const expected = new Uint8Array(4096).fill(0xee);
    const {first, last} = segments[i];
    const length = (last - first + 1) * 512;
    expected.set(image.subarray(at, at + length), first * 512);
    at += length;
    t.is(firstDifference(front.bytes(gfn), expected), -1);
  });
});

const bad: [what: string, make: (front: RawFrontend, grefs: number[], page: number) => RawRequest][] = [
  ['BLKIF-IND-02: no segments', (_front, _grefs, page) => indirect(READ, page, 0)],
  ['BLKIF-IND-02: one segment too many', (_front, _grefs, page) => indirect(READ, page, MAX + 1)],
  ['BLKIF-IND-02: 65535 segments', (_front, _grefs, page) => indirect(READ, page, 65535)],
  ['BLKIF-IND-01: a barrier inside', (_front, _grefs, page) => indirect(2, page, 12)],
  ['BLKIF-IND-01: a flush inside', (_front, _grefs, page) => indirect(3, page, 12)],
  ['BLKIF-IND-01: a discard inside', (_front, _grefs, page) => indirect(5, page, 12)],
  ['BLKIF-IND-01: indirect of indirect', (_front, _grefs, page) => indirect(INDIRECT, page, 12)],
  ['BLKIF-IND-01: operation 255 inside', (_front, _grefs, page) => indirect(255, page, 12)],
  ['BLKIF-IND-06: a page of segments that is not granted', () => indirect(READ, 4000, 12)],
  ['BLKIF-IND-06: a page of segments beyond the table', () => indirect(READ, 0xffff_ffff, 12)],
  [
    'BLKIF-IND-07: last before first in the middle',
    (front, grefs) => {
      const segments = wholePages(grefs);
      segments[13] = {gref: grefs[13], first: 5, last: 4};
      return indirect(WRITE, front.segmentPage(segments), 20);
    },
  ],
  [
    'BLKIF-IND-07: a segment across the end of its page',
    (front, grefs) => {
      const segments = wholePages(grefs);
      segments[19] = {gref: grefs[19], first: 0, last: 8};
      return indirect(WRITE, front.segmentPage(segments), 20);
    },
  ],
  ['BLKIF-REQ-10: past the end', (_front, _grefs, page) => indirect(WRITE, page, 20, 2048n - 159n)],
  ['BLKIF-REQ-10: at 2^64 - 1', (_front, _grefs, page) => indirect(WRITE, page, 20, 2n ** 64n - 1n)],
];

for (const [what, make] of bad) {
  test(`${what}: an error, and nothing else happens`, async (t) => {
    const {image, path, block, front, frames, grefs} = await start(t, 20);
    const page = front.segmentPage(wholePages(grefs));
    for (const gfn of frames) front.bytes(gfn).fill(0xee);
    const before = block.rig.dom0.domain.maptrack.count;
    const request = make(front, grefs, page);
    t.deepEqual(await front.request(request), {id: 9n, operation: request.indirect?.operation, status: ERROR});
    t.is(block.rig.dom0.domain.maptrack.count, before);
    t.true(contents(front, frames).every((byte) => byte === 0xee));
    t.is(firstDifference(new Uint8Array(readFileSync(path)), image), -1);
    t.is((await front.request(indirect(READ, page, 20))).status, OKAY);
    t.is(await block.states(), '4/3');
  });
}

for (const tuning of ['persistent=0', 'persistent=1']) {
  test(`XSA-365: a bad reference at any place of 32 (${tuning}): one error, nothing written, nothing kept`, async (t) => {
    const {image, path, block, front, grefs} = await start(t, 32);
    const before = block.rig.dom0.domain.maptrack.count;
    for (let at = 0; at < 32; at++) {
      const segments = wholePages(grefs);
      segments[at] = {gref: 4000, first: 0, last: 7};
      t.is((await front.request(indirect(WRITE, front.segmentPage(segments), 32))).status, ERROR);
    }
    t.is(block.rig.dom0.domain.maptrack.count, before);
    t.is(firstDifference(new Uint8Array(readFileSync(path)), image), -1);
  });
}

test('BLKIF-IND-03: references of pages that are not needed mean nothing', async (t) => {
  const {front, grefs} = await start(t, 12);
  const page = front.segmentPage(wholePages(grefs));
  const request = indirect(READ, page, 12);
  request.indirect = {operation: READ, nrSegments: 12, grefs: [page, 4000, 0xffff_ffff, 0, 1, 2, 3, 4]};
  t.is((await front.request(request)).status, OKAY);
});

/** The page of segments is rewritten by the guest in the moment its data pages are mapped. */
const rewriteWhenMapped = (block: BlockRig, act: () => void): void => {
  const {ops} = block.rig.dom0;
  const {gnttabMapMany} = ops;
  ops.gnttabMapMany = (...args) => {
    const result = gnttabMapMany.apply(ops, args);
    act();
    return result;
  };
};

test('BLKIF-IND-04, XSA-155: a page of segments that changes after it was copied changes nothing', async (t) => {
  const {image, block, front, frames, grefs} = await start(t, 20);
  const gfn = front.page();
  const page = front.segmentPage(wholePages(grefs.slice(0, 12)), gfn);
  rewriteWhenMapped(block, () => {
    if (frames.every((frame) => front.bytes(frame)[0] === 0)) return;
    front.segmentPage([{gref: 0xffff_ffff, first: 255, last: 255}], gfn);
  });
  t.is((await front.request(indirect(READ, page, 12))).status, OKAY);
  t.is(firstDifference(contents(front, frames.slice(0, 12)), image.subarray(0, 12 * 4096)), -1);
});
