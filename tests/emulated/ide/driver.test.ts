import test, {type ExecutionContext} from 'ava';
import {FaultyStorage, RamImage, type Storage} from '../../../backends/storage/index.ts';
import type {BlockDevice} from '../../../frontends/api.ts';
import {IdeCdrom, type IdeDrives, type IdeOptions, probeIde} from '../../../frontends/emulated/ide/index.ts';
import {seeded} from '../../support/disk-model.ts';
import {IdeRig, pattern} from '../../support/ide-rig.ts';
import {SlowStorage} from '../../support/slow-storage.ts';

const BYTES = 8 << 20;

const modes: readonly Required<Pick<IdeOptions, 'transfer' | 'words' | 'blocks'>>[] = [
  {transfer: 'dma', words: 'rep', blocks: 'multiple'},
  {transfer: 'pio', words: 'rep', blocks: 'multiple'},
  {transfer: 'pio', words: 'rep', blocks: 'single'},
  {transfer: 'pio', words: 'single', blocks: 'single'},
];

const probe = async (units: ConstructorParameters<typeof IdeRig>[0], options?: IdeOptions) => {
  const rig = new IdeRig(units);
  const found = await rig.run(() => probeIde(rig.machine, options));
  return {rig, found};
};

const diskOf = async (storage: Storage, options?: IdeOptions) => {
  const {rig, found} = await probe([{kind: 'disk', storage}], options);
  return {rig, found, disk: found.drives[0] as BlockDevice};
};

const names = ({drives}: IdeDrives): string[] => drives.map(({name}) => name);

test('all drives are found, by name, size and kind', async (t) => {
  const disk = {kind: 'disk' as const, storage: new RamImage(BYTES)};
  const {found} = await probe([disk, {...disk, storage: new RamImage(1 << 20)}, {kind: 'cdrom'}, undefined]);
  t.deepEqual(names(found), ['hda', 'hdb', 'hdc']);
  t.deepEqual(
    found.drives.map(({sizeBytes, virtualDevice}) => [sizeBytes, virtualDevice]),
    [
      [BYTES, 768],
      [1 << 20, 832],
      [0, 5632],
    ],
  );
  t.regex(String(found.drives[0]), /^hda PVSIM HARDDISK, 8388608 bytes$/);
});

test('a slave alone, and a master alone of either kind, have no ghosts beside them', async (t) => {
  const disk = () => ({kind: 'disk' as const, storage: new RamImage(BYTES)});
  t.deepEqual(names((await probe([disk()])).found), ['hda']);
  t.deepEqual(names((await probe([{kind: 'cdrom'}, undefined, disk()])).found), ['hda', 'hdc']);
  t.deepEqual(names((await probe([undefined, disk(), undefined, {kind: 'cdrom'}])).found), ['hdb', 'hdd']);
  t.deepEqual(names((await probe([])).found), []);
});

/** Random reads and writes, compared with a copy of the disk. */
const exercise = async (t: ExecutionContext, disk: BlockDevice, model: Uint8Array, seed: number): Promise<void> => {
  const random = seeded(seed);
  for (let i = 0; i < 30; i++) {
    const length = 512 * (1 + random(random(4) === 0 ? 2500 : 40));
    const offset = 512 * random((BYTES - length) / 512);
    if (random(2) === 0) {
      const data = pattern(length, random(256));
      model.set(data, offset);
      await disk.write(offset, data);
    } else {
      const read = await disk.read(offset, length);
      t.is(Buffer.compare(read, model.subarray(offset, offset + length)), 0, `${length} bytes at ${offset}`);
    }
  }
};

for (const mode of modes) {
  test(`what is written is read, by ${Object.values(mode).join(', ')}`, async (t) => {
    const image = new RamImage(BYTES);
    const {rig, disk} = await diskOf(image, mode);
    const model = new Uint8Array(BYTES);
    await rig.run(() => exercise(t, disk, model, 5));
    t.is(Buffer.compare(image.contents, model), 0);
    t.is(disk.stats().timeouts, 0);
  });
}

test('calls at once wait for each other, whatever time the images take', async (t) => {
  const {rig, found} = await probe((schedule) =>
    [0, 1].map(() => {
      const storage = new FaultyStorage(new RamImage(BYTES), schedule, {maxLatencyNs: 1e6});
      return {kind: 'disk', storage};
    }),
  );
  const [hda, hdb] = found.drives;
  const data = pattern(64 * 1024, 9);
  await rig.run(() => Promise.all([hda.write(0, data), hdb.write(1 << 20, data), hda.write(2 << 20, data)]));
  const reads = await rig.run(() => Promise.all([hda.read(0, data.length), hdb.read(1 << 20, data.length)]));
  for (const read of reads) t.is(Buffer.compare(read, data), 0);
  t.is(Buffer.compare(await rig.run(() => hdb.read(0, data.length)), new Uint8Array(data.length)), 0);
});

test('flush and discard reach the image', async (t) => {
  const image = new RamImage(BYTES);
  image.contents.fill(0xff);
  const slow = new SlowStorage(image);
  const {rig, disk} = await diskOf(slow);
  const flushed = disk.flush();
  await rig.settle();
  t.deepEqual(
    slow.waiting.map(({what}) => what),
    ['flush'],
  );
  slow.finish();
  await rig.run(() => flushed);
  const direct = await diskOf(image);
  await direct.rig.run(() => direct.disk.discard(4096, 1 << 20));
  t.true(image.contents.subarray(4096, 4096 + (1 << 20)).every((byte) => byte === 0));
  t.is(image.contents[4095], 0xff);
  t.is(image.contents[4096 + (1 << 20)], 0xff);
  await t.throwsAsync(() => direct.disk.discard(0, 512, true), {message: 'hda: discard: EOPNOTSUPP'});
});

test('errors are told by their names', async (t) => {
  const {rig, disk} = await diskOf(new RamImage(BYTES, true));
  for (const transfer of ['dma', 'pio'] as const) {
    const other = await diskOf(new RamImage(BYTES, true), {transfer});
    await other.rig.run(() => t.throwsAsync(() => other.disk.write(0, new Uint8Array(1024)), {message: /EROFS$/}));
  }
  await t.throwsAsync(() => disk.read(1, 512), {message: /EINVAL$/});
  await t.throwsAsync(() => disk.read(BYTES, 512), {message: /EINVAL$/});
  t.is((await rig.run(() => disk.read(0, 512))).length, 512);
  const bad = await probe((schedule) => [
    {kind: 'disk', storage: new FaultyStorage(new RamImage(BYTES), schedule, {error: 1})},
  ]);
  const [hda] = bad.found.drives;
  await bad.rig.run(() => t.throwsAsync(() => hda.read(0, 4096), {message: /hda: read: EIO$/}));
  await bad.rig.run(() => t.throwsAsync(() => hda.flush(), {message: /EIO$/}));
});

test('a drive that never answers is reset, and the next command works', async (t) => {
  const slow = new SlowStorage(new RamImage(BYTES));
  const {rig, disk} = await diskOf(slow);
  await rig.run(() => t.throwsAsync(() => disk.read(0, 512), {message: /EIO$/}));
  t.deepEqual([disk.stats().timeouts, disk.stats().resets], [1, 2]);
  const reading = disk.read(512, 512);
  while (slow.waiting.length < 2) await rig.settle();
  slow.finish(1);
  t.is((await rig.run(() => reading)).length, 512);
});

test('a CD is read, changed, and taken out', async (t) => {
  for (const transfer of ['dma', 'pio'] as const) {
    const disc = new RamImage(BYTES, true);
    disc.contents.set(pattern(BYTES));
    const {rig, found} = await probe([undefined, undefined, {kind: 'cdrom', storage: disc}], {transfer});
    const [cd] = found.drives;
    if (!(cd instanceof IdeCdrom)) return t.fail();
    const sizes: number[] = [];
    cd.resized.subscribe((size) => sizes.push(size));
    t.deepEqual([cd.sizeBytes, cd.sectorSize, cd.readonly, cd.removable], [BYTES, 2048, true, true]);
    const read = await rig.run(() => cd.read(2048 * 5, 2048 * 600));
    t.is(Buffer.compare(read, pattern(BYTES).subarray(2048 * 5, 2048 * 605)), 0);
    await t.throwsAsync(() => cd.write(), {message: /EROFS$/});
    await rig.run(() => rig.ide.changeMedium(2, undefined));
    await rig.run(() => t.throwsAsync(() => cd.read(0, 2048), {message: /EIO$/}));
    await rig.run(() => cd.check());
    await rig.run(() => rig.ide.changeMedium(2, new RamImage(1 << 20, true)));
    await rig.run(() => cd.check());
    t.deepEqual(sizes, [0, 1 << 20]);
  }
});

test('a controller that is left fails what waits, and gives its frames back', async (t) => {
  const slow = new SlowStorage(new RamImage(BYTES));
  const {rig, found, disk} = await diskOf(slow);
  const freePages = rig.ops.pages.freePages;
  let removed = false;
  disk.removed.subscribe({complete: () => (removed = true)});
  const reads = [disk.read(0, 65536), disk.read(0, 512)].map((read) => t.throwsAsync(read, {message: /ENODEV$/}));
  await rig.settle();
  found.close();
  await Promise.all(reads);
  t.true(removed);
  t.is(rig.ops.pages.freePages, freePages + 2, 'with those of the probe');
  await t.throwsAsync(() => disk.flush(), {message: /ENODEV$/});
});
