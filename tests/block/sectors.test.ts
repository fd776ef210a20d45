import {readFileSync} from 'node:fs';
import test from 'ava';
import {sectorReadings} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {createBlockRig, createRawRig, firstDifference, pattern, tempImage} from '../support/block.ts';
import {RawFrontend} from '../support/raw-frontend.ts';

const READ = 0;
const WRITE = 1;
const DISCARD = 5;
const OKAY = 0;
const ERROR = -1;

const IMAGE_BYTES = 1 << 20;

/** On a disk of 1 MiB with sectors of 4096: the `sectors` node, and a request for the page at 64 KiB. */
const wire: Record<string, {sectors: string; number: bigint; last: number}> = {
  linux: {sectors: '2048', number: 128n, last: 7},
  freebsd: {sectors: '256', number: 16n, last: 7},
  qemu: {sectors: '256', number: 16n, last: 0},
  windows: {sectors: '256', number: 16n, last: 0},
  minios: {sectors: '256', number: 128n, last: 7},
};

for (const reading of sectorReadings) {
  for (const sector of [512, 4096]) {
    test(`BLKIF-REQ-07, BLKIF-REQ-08: ${reading} on both ends, sectors of ${sector}: the bytes are right`, async (t) => {
      const image = pattern(IMAGE_BYTES);
      const path = tempImage(t, image);
      const block = await createBlockRig();
      const tuning = `reading=${reading}`;
      await block.attach({target: path, back: {tuning: `${tuning},sector=${sector}`}, front: {tuning}});
      await block.settle();
      const {disk} = block;
      t.like(disk, {sizeBytes: IMAGE_BYTES, sectorSize: sector});
      await block.run(async () => {
        t.is(firstDifference(await disk.read(65536, 200704), image.slice(65536, 266240)), -1);
        const data = pattern(3 * sector, 7);
        await disk.write(8 * sector, data);
        image.set(data, 8 * sector);
        await disk.discard(4096 * 10, 8192);
        image.fill(0, 4096 * 10, 4096 * 12);
        t.is(firstDifference(await disk.read(0, IMAGE_BYTES), image), -1);
      });
      t.is(firstDifference(new Uint8Array(readFileSync(path)), image), -1);
    });
  }

  test(`a backend that reads sectors of 4096 as ${reading} does: what is on the wire`, async (t) => {
    const image = pattern(IMAGE_BYTES);
    const block = await createRawRig();
    const front = new RawFrontend(block);
    await block.attach({target: tempImage(t, image), back: {tuning: `sector=4096,reading=${reading}`}});
    await front.announce(undefined, {'feature-large-sector-size': '1'});
    await block.settle();
    const {sectors, number, last} = wire[reading];
    t.is(await block.read(`${block.backPath()}/sectors`), sectors);
    t.is(await block.read(`${block.backPath()}/sector-size`), '4096');
    t.is(await block.read(`${block.backPath()}/physical-sector-size`), '4096');
    const gfn = front.page();
    const gref = front.grant(gfn);
    t.is((await front.request({operation: READ, sector: number, segments: [{gref, first: 0, last}]})).status, OKAY);
    t.is(firstDifference(front.bytes(gfn), image.slice(65536, 69632)), -1);
    const beyond = {operation: READ, sector: number, segments: [{gref, first: 0, last: last + 1}]};
    t.is((await front.request(beyond)).status, ERROR);
  });
}

test('BLKIF-NEG-14, BLKIF-REQ-09: sectors of 4096 as Linux counts them: pieces of a sector are refused', async (t) => {
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect({target: tempImage(t, pattern(IMAGE_BYTES)), back: {tuning: 'sector=4096'}});
  const gref = front.grant(front.page());
  for (const [sector, first, last, status] of [
    [0n, 0, 7, OKAY],
    [8n, 0, 7, OKAY],
    [2040n, 0, 7, OKAY],
    [2048n, 0, 7, ERROR],
    [1n, 0, 7, ERROR],
    [4n, 0, 7, ERROR],
    [0n, 0, 0, ERROR],
    [0n, 1, 7, ERROR],
    [0n, 0, 6, ERROR],
  ] as const) {
    for (const operation of [READ, WRITE]) {
      t.is((await front.request({operation, sector, segments: [{gref, first, last}]})).status, status);
    }
  }
  t.is((await front.request({operation: DISCARD, sector: 8n, discardSectors: 8n})).status, OKAY);
  t.is((await front.request({operation: DISCARD, sector: 8n, discardSectors: 1n})).status, ERROR);
  t.is((await front.request({operation: DISCARD, sector: 1n, discardSectors: 8n})).status, ERROR);
});

test('feature-large-sector-size: a backend like QEMU does not serve large sectors to a frontend without it', async (t) => {
  for (const [front, states] of [
    ['reading=windows', '4/4'],
    ['reading=linux', '6/6'],
  ]) {
    const block = await createBlockRig();
    await block.attach({back: {tuning: 'sector=4096,reading=qemu'}, front: {tuning: front}});
    await block.settle();
    t.is(await block.states(), states);
  }
});

test('BLKIF-NEG-17: nothing depends on feature-large-sector-size otherwise, and ours does not say it', async (t) => {
  const image = pattern(IMAGE_BYTES);
  const frontends: Record<string, string>[] = [{}, {'feature-large-sector-size': '1'}];
  for (const says of frontends) {
    const block = await createRawRig();
    const front = new RawFrontend(block);
    await block.attach({target: tempImage(t, image), back: {tuning: 'sector=4096'}});
    await front.announce(undefined, says);
    await block.settle();
    const gfn = front.page();
    const request = {operation: READ, sector: 128n, segments: [{gref: front.grant(gfn), first: 0, last: 7}]};
    t.is((await front.request(request)).status, OKAY);
    t.is(firstDifference(front.bytes(gfn), image.slice(65536, 69632)), -1);
  }
  const block = await createBlockRig();
  await block.attach();
  await block.settle();
  t.is(await block.read(`${block.frontPath()}/feature-large-sector-size`), undefined);
});

for (const [tuning, reason] of [
  ['sector=1000', /tuning "sector=1000"/],
  ['sector=8192', /tuning/],
  ['indirect=257', /tuning/],
  ['order=5', /tuning/],
  ['queues=0', /tuning/],
  ['reading=beos', /tuning/],
  ['colour=red', /tuning "colour=red"/],
  ['__proto__=1', /tuning/],
] as const) {
  test(`tuning "${tuning}": refused with a reason`, async (t) => {
    const block = await createBlockRig();
    await block.attach({back: {tuning}});
    await block.settle();
    t.regex((await block.read('/local/domain/0/error/backend/vbd/1/51712/error')) ?? '', reason);
  });
}

test('an image that is no whole number of large sectors is refused', async (t) => {
  for (const tuning of ['sector=4096', 'physical=4096']) {
    const block = await createBlockRig();
    await block.attach({target: tempImage(t, pattern(4096 + 512)), back: {tuning}});
    await block.settle();
    t.regex((await block.read('/local/domain/0/error/backend/vbd/1/51712/error')) ?? '', /sectors of 4096/);
  }
});

test('BLKIF-NEG-15: physical sectors of 4096 below sectors of 512', async (t) => {
  const block = await createBlockRig();
  await block.attach({back: {tuning: 'physical=4096'}});
  await block.settle();
  t.is(await block.read(`${block.backPath()}/sector-size`), '512');
  t.is(await block.read(`${block.backPath()}/physical-sector-size`), '4096');
  t.is((await block.run(() => block.disk.read(512, 512))).length, 512);
});
