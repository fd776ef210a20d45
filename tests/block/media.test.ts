import {appendFileSync, readFileSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {createBlockRig, createRawRig, firstDifference, pattern, tempDir, tempImage} from '../support/block.ts';
import {RawFrontend} from '../support/raw-frontend.ts';

const MIB = 1 << 20;

test('BLKIF-DYN-01, BLKIF-DYN-02: an image that grows and shrinks: the guest sees it, and keeps its connection', async (t) => {
  const path = tempImage(t, pattern(MIB));
  const block = await createBlockRig();
  await block.attach({target: path});
  await block.settle();
  const {disk} = block;
  const sizes: number[] = [];
  disk.resized.subscribe((size) => sizes.push(size));
  const ring = await block.read(`${block.frontPath()}/ring-ref`);
  appendFileSync(path, pattern(MIB, 2));
  block.backend().resize();
  await block.settle();
  t.is(await block.read(`${block.backPath()}/sectors`), '4096');
  t.is(disk.sizeBytes, 2 * MIB);
  t.is(firstDifference(await block.run(() => disk.read(MIB, MIB)), pattern(MIB, 2)), -1);
  await block.run(() => disk.write(2 * MIB - 4096, pattern(4096, 3)));
  truncateSync(path, MIB / 2);
  block.backend().resize();
  await block.settle();
  t.deepEqual(sizes, [2 * MIB, MIB / 2]);
  await t.throwsAsync(() => block.run(() => disk.read(MIB / 2, 512)), {message: /EINVAL/});
  t.is(await block.states(), '4/4');
  t.is(await block.read(`${block.frontPath()}/ring-ref`), ring);
  t.is(block.devices.length, 1);
  block.backend().resize();
  await block.settle();
  t.is(sizes.length, 2);
});

test('BLKIF-DYN-01: requests are checked against the new size', async (t) => {
  const path = tempImage(t, pattern(MIB));
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect({target: path});
  const gref = front.grant(front.page());
  const beyond = {operation: 0, sector: 2048n, segments: [{gref, first: 0, last: 7}]};
  t.is((await front.request(beyond)).status, -1);
  appendFileSync(path, pattern(4096));
  block.backend().resize();
  await block.settle();
  t.is((await front.request(beyond)).status, 0);
});

test('BLKIF-DYN-04: a CD-ROM: media are put in, changed and taken out while the guest has the drive', async (t) => {
  const dir = tempDir(t);
  const media = [1, 2].map((seed) => {
    const path = join(dir, `${seed}.iso`);
    writeFileSync(path, pattern(seed * MIB, seed));
    return path;
  });
  const block = await createBlockRig();
  await block.attach({target: '', mode: 'r', back: {'device-type': 'cdrom', removable: '1'}});
  await block.settle();
  t.is(await block.states(), '4/4');
  t.is(await block.read(`${block.backPath()}/info`), '7');
  const {disk} = block;
  t.like(disk, {sizeBytes: 0, readonly: true, removable: true});
  await t.throwsAsync(() => block.run(() => disk.read(0, 2048)), {message: /EINVAL/});
  for (const [i, path] of [...media, media[0]].entries()) {
    const seed = i === 1 ? 2 : 1;
    await block.write(`${block.backPath()}/params`, path);
    await block.settle();
    t.is(disk.sizeBytes, seed * MIB);
    t.is(firstDifference(await block.run(() => disk.read(0, disk.sizeBytes)), pattern(seed * MIB, seed)), -1);
  }
  await block.write(`${block.backPath()}/params`, '');
  await block.settle();
  t.is(disk.sizeBytes, 0);
  // The drive has let go of the medium: it can be written elsewhere.
  await block.attach({target: media[0], vdev: 51728});
  await block.settle();
  t.is(await block.states(51728), '4/4');
  t.is(await block.states(), '4/4');
});

test('BLKIF-DYN-04: a medium that cannot be opened leaves the drive empty, with the reason', async (t) => {
  const block = await createBlockRig();
  await block.attach({target: tempImage(t, pattern(MIB)), mode: 'r', back: {'device-type': 'cdrom'}});
  await block.settle();
  await block.write(`${block.backPath()}/params`, '/nowhere/disk.iso');
  await block.settle();
  t.is(block.disk.sizeBytes, 0);
  t.regex((await block.read('/local/domain/0/error/backend/vbd/1/51712/error')) ?? '', /No such file/);
  t.is(await block.states(), '4/4');
  await block.write(`${block.backPath()}/params`, 'ram:1m');
  await block.settle();
  t.is(block.disk.sizeBytes, MIB);
});

test('reads that are under way when the medium changes end, with the old one or the new', async (t) => {
  const block = await createBlockRig();
  const old = tempImage(t, pattern(MIB, 1));
  const next = tempImage(t, pattern(MIB, 2));
  await block.attach({target: old, mode: 'r', back: {'device-type': 'cdrom'}});
  await block.settle();
  const reads = Array.from({length: 100}, (_, i) => block.disk.read(i * 8192, 8192));
  await block.write(`${block.backPath()}/params`, next);
  const results = await block.run(() => Promise.all(reads));
  results.forEach((bytes, i) => {
    const whose = [1, 2].filter((seed) => {
      const expected = pattern(MIB, seed).subarray(i * 8192, i * 8192 + 8192);
      return firstDifference(bytes, expected) === -1;
    });
    t.is(whose.length, 1);
  });
});

test('the image of a disk does not change with its params', async (t) => {
  const path = tempImage(t, pattern(MIB));
  const block = await createBlockRig();
  await block.attach({target: path});
  await block.settle();
  await block.write(`${block.backPath()}/params`, 'ram:2m');
  await block.settle();
  t.is(firstDifference(await block.run(() => block.disk.read(0, MIB)), new Uint8Array(readFileSync(path))), -1);
});
