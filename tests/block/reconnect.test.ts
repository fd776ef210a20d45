import test from 'ava';
import {type BlockRig, createBlockRig, createRawRig, firstDifference, pattern, tempImage} from '../support/block.ts';
import {RamImage, StorageError} from '../../backends/storage/index.ts';
import {SlowStorage} from '../support/slow-storage.ts';

const IMAGE_BYTES = 1 << 20;

/** blkback is loaded anew, as after a crash of its domain's driver: without a word to the frontend. */
const restartBackend = async (block: BlockRig): Promise<void> => {
  block.backends.stop();
  await block.settle(1e6);
  block.startBackends();
};

test('a backend that is started anew: the same disk goes on', async (t) => {
  const image = pattern(IMAGE_BYTES);
  const block = await createBlockRig();
  await block.attach({target: tempImage(t, image)});
  await block.settle();
  const {disk} = block;
  await restartBackend(block);
  await block.settle(5e9);
  t.is(await block.states(), '4/4');
  t.is(block.devices.length, 1);
  t.is(firstDifference(await block.run(() => disk.read(0, IMAGE_BYTES)), image), -1);
});

for (const left of ['2', '4']) {
  test(`a backend after one that stopped in state ${left} waits for a frontend that is Closed`, async (t) => {
    const block = await createRawRig();
    block.backends.stop();
    await block.attach();
    await block.write(`${block.frontPath()}/state`, '6');
    await block.write(`${block.backPath()}/state`, left);
    block.startBackends();
    await block.settle();
    t.is(await block.states(), '2/6');
    // Told of it twice, as where the watch is set while the frontend writes.
    await block.write(`${block.frontPath()}/state`, '6');
    await block.settle();
    t.is(await block.states(), '2/6');
    await block.write(`${block.backPath()}/online`, '0');
    await block.write(`${block.frontPath()}/state`, '6');
    await block.settle();
    t.is(await block.states(), '6/6', 'the toolstack takes the device away');
  });
}

for (const tuning of ['queues=1', 'queues=4,order=1', 'persistent=0,indirect=0']) {
  test(`requests that were out when the backend went are made again, in their order (${tuning})`, async (t) => {
    const image = new RamImage(4 * IMAGE_BYTES);
    image.close = () => undefined;
    let isOpen = false;
    let storage!: SlowStorage;
    const open = (): SlowStorage | StorageError => {
      if (isOpen) return new StorageError('busy', 'in use by another disk');
      isOpen = true;
      storage = new SlowStorage(image, () => (isOpen = false));
      return storage;
    };
    const block = await createBlockRig({open, features: {queues: 4}});
    await block.attach({front: {tuning}});
    await block.settle();
    const {disk} = block;
    const held = block.rig.dom0.domain.maptrack.count;
    const done: string[] = [];
    const model = new Uint8Array(4 * IMAGE_BYTES);
    const calls: Promise<unknown>[] = [];
    const write = (offset: number, length: number, seed: number): void => {
      const data = pattern(length, seed);
      model.set(data, offset);
      calls.push(disk.write(offset, data).then(() => done.push(`w${seed}`)));
    };
    for (let i = 0; i < 60; i++) write(i * 65536, 98304, i);
    for (let i = 0; i < 20; i++) write(i * 65536 + 4096, 8192, 100 + i);
    calls.push(disk.flush().then(() => done.push('flush')));
    await block.settle(1e6);
    t.true(storage.waiting.length > 0);
    storage.finish();
    block.backends.stop();
    await block.settle(1e6);
    block.startBackends();
    await block.settle(5e8);
    // What the old driver had begun ends late: nobody hears of it, and the new one has to wait for the image.
    const old = storage;
    t.is(await block.states(), '2/3');
    while (old.waiting.length > 0) old.finish();
    for (let i = 0; i < 2000 && done.length < calls.length; i++) {
      await block.settle(1e6);
      while (storage.waiting.length > 0) storage.finish();
    }
    t.not(storage, old);
    await block.run(() => Promise.all(calls));
    t.is(done.length, 81);
    t.is(done.at(-1), 'flush');
    const read = disk.read(0, model.length);
    for (let i = 0; i < 100; i++) {
      await block.settle(1e6);
      while (storage.waiting.length > 0) storage.finish();
    }
    t.is(firstDifference(await block.run(() => read), model), -1);
    await block.removeNodes();
    await block.settle(5e9);
    t.true(block.rig.dom0.domain.maptrack.count < held);
  });
}

test('a backend that does not come back: calls fail after a while, and the disk is gone', async (t) => {
  const block = await createBlockRig();
  await block.attach();
  await block.settle();
  const {disk} = block;
  let removed = false;
  disk.removed.subscribe({complete: () => (removed = true)});
  await block.write(`${block.backPath()}/state`, '5');
  await block.settle(1e9);
  const read = disk.read(0, 512);
  await block.settle(1e9);
  t.false(removed);
  await t.throwsAsync(() => block.run(() => read), {message: /ENODEV/});
  t.true(removed);
});

test('a disk that is taken away: calls fail at once', async (t) => {
  const storage = new SlowStorage(new RamImage(IMAGE_BYTES));
  const block = await createBlockRig({open: () => storage});
  await block.attach();
  await block.settle();
  const read = block.disk.read(0, 512);
  await block.settle(1e6);
  const before = block.rig.schedule.now();
  await block.write(`${block.backPath()}/online`, '0');
  await block.write(`${block.backPath()}/state`, '5');
  await t.throwsAsync(() => block.run(() => read), {message: /ENODEV/});
  t.true(block.rig.schedule.now() - before < 1e8);
});

test('a resume: a new connection, and what was under way is asked for again', async (t) => {
  const storage = new SlowStorage(new RamImage(IMAGE_BYTES));
  const block = await createBlockRig({open: () => storage});
  await block.attach();
  await block.settle();
  const {disk} = block;
  const data = pattern(65536);
  const write = disk.write(4096, data);
  await block.settle(1e6);
  t.is(storage.waiting.length, 1);
  block.frontend().resume();
  await block.settle(1e6);
  storage.finish();
  await block.settle();
  t.is(await block.states(), '4/4');
  t.is(storage.waiting.length, 1);
  storage.finish();
  await block.run(() => write);
  const read = disk.read(4096, 65536);
  await block.settle();
  storage.finish();
  t.is(firstDifference(await block.run(() => read), data), -1);
  t.is(block.devices.length, 1);
});
