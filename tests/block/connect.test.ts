import test from 'ava';
import {
  type BlockRig,
  createBlockRig,
  createRawRig,
  pattern,
  tempImage,
  XVDA,
  firstDifference,
} from '../support/block.ts';
import {RawFrontend} from '../support/raw-frontend.ts';

/** The states that the drivers went to, in order: b2 is the backend's InitWait. */
const steps = (block: BlockRig): string =>
  block.rig.trace
    .map((line) => /xenbus_state path=(backend|device)\/vbd\S* state=(\w+)/.exec(line))
    .filter((match) => match !== null)
    .map(([, end, state]) => `${end === 'backend' ? 'b' : 'f'}${numbers[state]}`)
    .join(' ');

const numbers: Record<string, number> = {
  Initialising: 1,
  InitWait: 2,
  Initialised: 3,
  Connected: 4,
  Closing: 5,
  Closed: 6,
};

const held = (block: BlockRig): {maps: number; grants: number; frames: number; ports: number} => ({
  maps: block.rig.dom0.domain.maptrack.count,
  grants: block.guest.ops.grantor.count,
  frames: block.guest.ops.pages.freePages,
  ports: block.guest.ops.interruptCounts().length + block.rig.dom0.ops.interruptCounts().length,
});

test('both ends connect in the order of a real host, and the bytes are those of the image', async (t) => {
  const image = pattern(256 * 1024);
  const block = await createBlockRig();
  await block.attach({target: tempImage(t, image)});
  await block.settle();
  t.is(await block.states(), '4/4');
  t.is(steps(block), 'b2 f3 b4 f4');
  t.like(block.disk, {name: 'xvda', virtualDevice: 51712, sizeBytes: image.length, sectorSize: 512, readonly: false});
  t.is(firstDifference(await block.run(() => block.disk.read(0, image.length)), image), -1);
});

test('the backend publishes what a real one does, as far as it has it, in the same order', async (t) => {
  const block = await createBlockRig();
  await block.attach({target: 'ram:64m'});
  await block.settle();
  const names = await block.run(() => block.rig.dom0.xs.directory(block.backPath()));
  const from = names!.indexOf('feature-max-indirect-segments');
  const nodes: Record<string, string | undefined> = {};
  const scripted = new Set(['physical-device', 'hotplug-status']);
  for (const name of names!.slice(from).filter((each) => !scripted.has(each)))
    nodes[name] = await block.read(`${block.backPath()}/${name}`);
  // Golden: xenstore-ls/03-golden-running.txt, max-ring-pages is the header's.
  t.deepEqual(Object.entries(nodes), [
    ['feature-max-indirect-segments', '256'],
    ['multi-queue-max-queues', '1'],
    ['max-ring-page-order', '4'],
    ['max-ring-pages', '16'],
    ['feature-flush-cache', '1'],
    ['discard-granularity', '512'],
    ['discard-alignment', '0'],
    ['discard-secure', '0'],
    ['feature-discard', '1'],
    ['feature-barrier', '1'],
    ['feature-persistent', '1'],
    ['sectors', '131072'],
    ['info', '0'],
    ['sector-size', '512'],
    ['physical-sector-size', '512'],
  ]);
  const front = await block.run(() => block.rig.dom0.xs.directory(block.frontPath()));
  t.deepEqual(front!.slice(front!.indexOf('ring-ref')), [
    'ring-ref',
    'event-channel',
    'protocol',
    'feature-persistent',
  ]);
  t.is(await block.read(`${block.frontPath()}/protocol`), 'x86_64-abi');
});

test('BLKIF-DYN-03, BLKIF-DYN-05: the guest says what the Windows frontend says, where it is asked to', async (t) => {
  const block = await createBlockRig();
  await block.attach({front: {tuning: 'announce=1'}});
  await block.settle();
  t.is(await block.read(`${block.frontPath()}/feature-online-resize`), '1');
  t.is(await block.read(`${block.frontPath()}/feature-surprise-remove`), '1');
});

for (const [what, setup, info] of [
  ['read-only', {mode: 'r'}, '4'],
  ['a CD-ROM', {mode: 'r', back: {'device-type': 'cdrom'}}, '5'],
  ['removable', {back: {removable: '1'}}, '2'],
] as const) {
  test(`${what}: info is ${info}`, async (t) => {
    const block = await createBlockRig();
    await block.attach(setup);
    await block.settle();
    t.is(await block.read(`${block.backPath()}/info`), info);
    t.is(block.disk.readonly, info !== '2');
  });
}

test('a disk that may not discard does not offer it', async (t) => {
  const block = await createBlockRig();
  await block.attach({back: {'discard-enable': '0'}});
  await block.settle();
  t.is(await block.read(`${block.backPath()}/feature-discard`), undefined);
  await t.throwsAsync(() => block.run(() => block.disk.discard(0, 512)), {message: /EOPNOTSUPP/});
});

test('the backend waits for the block script, whenever it comes', async (t) => {
  const block = await createBlockRig();
  await block.rig.addDevice({
    guest: block.guest,
    type: 'vbd',
    devid: XVDA,
    front: {'virtual-device': String(XVDA)},
    back: {params: 'ram:1m', mode: 'w'},
  });
  await block.settle();
  t.is(await block.states(), '2/3');
  await block.write(`${block.backPath()}/physical-device`, '7:1');
  await block.settle();
  t.is(await block.states(), '4/4');
});

test('a frontend that is Connected without having been Initialised is served', async (t) => {
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await block.attach();
  await block.settle();
  await block.write(`${block.frontPath()}/ring-ref`, String(front.ringRef));
  await block.write(`${block.frontPath()}/event-channel`, String(front.port));
  await front.setState(4);
  await block.settle();
  t.is(await block.states(), '4/4');
  const gref = front.grant(front.page());
  t.is((await front.request({operation: 0, segments: [{gref, first: 0, last: 7}]})).status, 0);
});

for (const [target, reason] of [
  ['/nowhere/disk.img', /-2 .*No such file/],
  ['ram:513', /-5 .*sectors/],
] as const) {
  test(`an image that cannot be opened, ${target}: the reason is in error, and the device closes`, async (t) => {
    const block = await createBlockRig();
    await block.attach({target});
    await block.settle();
    t.regex((await block.read(`/local/domain/0/error/backend/vbd/1/${XVDA}/error`)) ?? '', reason);
    t.is(await block.states(), '6/6');
    t.is(block.devices.length, 0);
  });
}

test('two guests, one image: the second writer is refused, readers share', async (t) => {
  const path = tempImage(t, pattern(8192));
  const block = await createBlockRig();
  await block.attach({target: path, vdev: 51712});
  await block.attach({target: path, vdev: 51728});
  await block.settle();
  t.is(await block.states(51712), '4/4');
  t.is(await block.states(51728), '6/6');
  t.regex((await block.read('/local/domain/0/error/backend/vbd/1/51728/error')) ?? '', /-16 .*in use/);
  const readers = await createBlockRig();
  for (const vdev of [51712, 51728]) await readers.attach({target: path, vdev, mode: 'r'});
  await readers.settle();
  t.is(readers.devices.length, 2);
});

test('detach as xl does it: the frontend goes to 6, the backend to 6 without another 5, nothing is held', async (t) => {
  const path = tempImage(t, pattern(65536));
  const block = await createBlockRig();
  const before = held(block);
  await block.attach({target: path});
  await block.settle();
  const {disk} = block;
  let removed = false;
  disk.removed.subscribe({complete: () => (removed = true)});
  await block.run(() => disk.read(0, 65536));
  await block.run(() =>
    block.rig.dom0.xs.transaction(async (tx) => {
      await block.rig.dom0.xs.write(`${block.backPath()}/online`, '0', tx);
      await block.rig.dom0.xs.write(`${block.backPath()}/state`, '5', tx);
    }),
  );
  await block.settle();
  t.is(await block.states(), '6/6');
  t.is(steps(block), 'b2 f3 b4 f4 f6 b6');
  t.true(removed);
  await t.throwsAsync(() => block.run(() => disk.read(0, 512)), {message: /ENODEV/});
  // Offline and closed: the image is free for others.
  await block.attach({target: path, vdev: 51728});
  await block.settle();
  t.is(await block.states(51728), '4/4');
  await block.removeNodes();
  await block.removeNodes(51728);
  await block.settle(20e9);
  t.deepEqual(held(block), before);
});

test('shutdown as a guest does it: 5, 5, 6, 6', async (t) => {
  const block = await createBlockRig();
  const before = held(block);
  await block.attach();
  await block.settle();
  await block.run(() => block.frontend().device.switchState(5));
  await block.settle();
  t.is(steps(block), 'b2 f3 b4 f4 f5 b5 f6 b6');
  t.deepEqual({...held(block), frames: 0}, {...before, frames: 0});
});

test('a frontend that begins again after Closed gets a new connection, with the same image', async (t) => {
  const path = tempImage(t, pattern(65536));
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect({target: path});
  const before = block.rig.dom0.domain.maptrack.count;
  for (let round = 0; round < 3; round++) {
    await front.setState(5);
    await block.settle();
    await front.setState(6);
    await block.settle();
    t.is(await block.states(), '6/6');
    await front.setState(1);
    await block.settle();
    t.is(await block.states(), '2/1');
    const next = new RawFrontend(block);
    await next.announce();
    await block.settle();
    t.is(await block.states(), '4/3');
    const gfn = next.page();
    t.is((await next.request({operation: 0, segments: [{gref: next.grant(gfn), first: 0, last: 7}]})).status, 0);
    t.is(firstDifference(next.bytes(gfn), pattern(65536).slice(0, 4096)), -1);
    t.is(block.rig.dom0.domain.maptrack.count, before);
  }
});

test('a frontend that jumps from Closed to Initialised gets a new connection', async (t) => {
  const block = await createRawRig();
  const front = new RawFrontend(block);
  await front.connect();
  await front.setState(6);
  await block.settle();
  const next = new RawFrontend(block);
  await next.announce();
  await block.settle();
  t.is(await block.states(), '4/3');
});

test('a guest kernel that is loaded again takes its disk over', async (t) => {
  const path = tempImage(t, pattern(65536));
  const block = await createBlockRig();
  await block.attach({target: path});
  await block.settle();
  block.frontends.stop();
  await block.settle();
  block.startFrontends();
  await block.settle(5e9);
  t.is(await block.states(), '4/4');
  t.is(firstDifference(await block.run(() => block.disk.read(0, 65536)), pattern(65536)), -1);
});

test('directories that go at once: everything is given back on both ends', async (t) => {
  const block = await createBlockRig();
  const before = held(block);
  for (let round = 0; round < 5; round++) {
    await block.attach({target: 'ram:1m'});
    await block.settle();
    const reads = Promise.allSettled(Array.from({length: 50}, (_, i) => block.disk.read(i * 4096, 65536)));
    await block.removeNodes();
    await block.settle(20e9);
    await block.run(() => reads);
    t.deepEqual(held(block), before);
  }
});

test('many hot adds and removals leave nothing behind', async (t) => {
  const block = await createBlockRig();
  const before = held(block);
  for (let round = 0; round < 30; round++) {
    await block.attach({target: 'ram:64k'});
    await block.settle(1e8);
    await block.run(() => block.disk.read(0, 4096));
    await block.removeNodes();
    await block.settle(1e8);
  }
  await block.settle(20e9);
  t.deepEqual(held(block), before);
});
