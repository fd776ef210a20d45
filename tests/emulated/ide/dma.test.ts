import test from 'ava';
import {RamImage, type Storage, vectorOf} from '../../../backends/storage/index.ts';
import {IdeRig, pattern} from '../../support/ide-rig.ts';
import {SlowStorage} from '../../support/slow-storage.ts';

const BYTES = 16 << 20;
const content = pattern(BYTES);
const PRDS = 0x8000;
const BUFFER = 0x100000;

const image = (): RamImage => {
  const ram = new RamImage(BYTES);
  ram.write(vectorOf(content), 0);
  return ram;
};

const rigOf = (storage: Storage = image()): IdeRig => new IdeRig([{kind: 'disk', storage}]);

const sectors = (first: number, count: number): Buffer =>
  Buffer.from(content.slice(first * 512, (first + count) * 512));

const memory = (rig: IdeRig, address: number, length: number): Buffer => Buffer.from(rig.memory(address, length));

test('READ DMA fills the regions of the table, in order', async (t) => {
  const rig = rigOf();
  rig.writePrds(PRDS, [
    {address: BUFFER + 0x9002, bytes: 0x200},
    {address: BUFFER, bytes: 0x0e00},
  ]);
  rig.command(0xc8, {count: 8, lba: 30});
  t.is(rig.altStatus, 0xd0);
  rig.startBusMaster(true);
  await rig.settle();
  t.is(rig.interrupts[0], 1);
  t.is(rig.busMasterStatus, 0x04);
  t.is(rig.status, 0x50);
  rig.stopBusMaster();
  t.deepEqual(memory(rig, BUFFER + 0x9002, 0x200), sectors(30, 1));
  t.deepEqual(memory(rig, BUFFER, 0x0e00), sectors(31, 7));
});

test('the bus master may be started before the command', async (t) => {
  const rig = rigOf();
  rig.writePrds(PRDS, [{address: BUFFER, bytes: 512}]);
  rig.startBusMaster(true);
  t.is(rig.busMasterStatus, 0x01);
  rig.command(0xc8, {count: 1, lba: 3});
  await rig.settle();
  t.deepEqual(memory(rig, BUFFER, 512), sectors(3, 1));
  t.is(rig.busMasterStatus, 0x04);
});

test('a 48-bit DMA of many megabytes goes on chunk by chunk', async (t) => {
  const rig = rigOf();
  const regions = Array.from({length: 64}, (_, index) => ({address: BUFFER + index * 0x10000, bytes: 0x10000}));
  rig.writePrds(PRDS, regions);
  rig.commandExt(0x25, {count: 8192, lba: 100});
  rig.startBusMaster(true);
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.status, rig.busMasterStatus], [1, 0x50, 0x04]);
  t.deepEqual(memory(rig, BUFFER, 4 << 20), sectors(100, 8192));
});

test('WRITE DMA takes the regions of the table; with FUA it is stable at the end', async (t) => {
  const ram = image();
  const slow = new SlowStorage(ram);
  const rig = rigOf(slow);
  const data = pattern(4096, 55);
  rig.guest.memory.u8.set(data, BUFFER);
  rig.writePrds(PRDS, [{address: BUFFER, bytes: 4096}]);
  rig.commandExt(0x3d, {count: 8, lba: 5000});
  rig.startBusMaster(false);
  await rig.settle();
  t.is(rig.altStatus, 0xd0);
  slow.finish();
  t.deepEqual(
    slow.waiting.map(({what}) => what),
    ['flush'],
  );
  slow.finish();
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.status], [1, 0x50]);
  t.deepEqual(Buffer.from(ram.contents.slice(5000 * 512, 5008 * 512)), Buffer.from(data));
});

test('a table with room left keeps the bus master active', async (t) => {
  const rig = rigOf();
  rig.writePrds(PRDS, [{address: BUFFER, bytes: 4096}]);
  rig.command(0xc8, {count: 1});
  rig.startBusMaster(true);
  await rig.settle();
  t.is(rig.busMasterStatus, 0x05);
  rig.stopBusMaster();
  t.is(rig.busMasterStatus, 0x04);
});

test('a table that is too short ends the transfer without an interrupt', async (t) => {
  const rig = rigOf();
  rig.writePrds(PRDS, [{address: BUFFER, bytes: 1024}]);
  rig.command(0xc8, {count: 8});
  rig.startBusMaster(true);
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.busMasterStatus & 5], [0, 0]);
  t.deepEqual(memory(rig, BUFFER, 1024), sectors(0, 2));
  t.deepEqual(memory(rig, BUFFER + 1024, 512), Buffer.alloc(512));
});

test('a bus master that is set up for the other direction moves nothing', async (t) => {
  const ram = image();
  const rig = rigOf(ram);
  rig.guest.memory.u8.fill(0xee, BUFFER, BUFFER + 512);
  rig.writePrds(PRDS, [{address: BUFFER, bytes: 512}]);
  rig.command(0xca, {count: 1});
  rig.startBusMaster(true);
  await rig.settle();
  t.is(rig.interrupts[0], 0);
  t.deepEqual(Buffer.from(ram.contents.slice(0, 512)), sectors(0, 1));
});

test('without bus mastering nothing moves', async (t) => {
  const rig = rigOf();
  rig.pci.writeConfig(0x04, 2, 0x01);
  rig.writePrds(PRDS, [{address: BUFFER, bytes: 512}]);
  rig.command(0xc8, {count: 1});
  rig.startBusMaster(true);
  await rig.settle();
  t.is(rig.busMasterStatus, 0);
  t.deepEqual(memory(rig, BUFFER, 512), Buffer.alloc(512));
});

test('stopping the bus master ends a transfer that waits for the image', async (t) => {
  const slow = new SlowStorage(image());
  const rig = rigOf(slow);
  rig.writePrds(PRDS, [{address: BUFFER, bytes: 512}]);
  rig.command(0xc8, {count: 1});
  rig.startBusMaster(true);
  rig.stopBusMaster();
  slow.finish();
  await rig.settle();
  t.is(rig.interrupts[0], 0);
  t.deepEqual(memory(rig, BUFFER, 512), Buffer.alloc(512));
});

test('a reset while the image is read: what comes late goes nowhere, and the next command works', async (t) => {
  const slow = new SlowStorage(image());
  const rig = rigOf(slow);
  rig.writePrds(PRDS, [{address: BUFFER, bytes: 512}]);
  rig.command(0xc8, {count: 1});
  rig.startBusMaster(true);
  rig.writeControl(0x04);
  rig.writeControl(0x00);
  rig.stopBusMaster();
  rig.startBusMaster(true);
  rig.command(0xc8, {count: 1, lba: 9});
  slow.finish(1);
  slow.finish();
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.status], [1, 0x50]);
  t.deepEqual(memory(rig, BUFFER, 512), sectors(9, 1));
});

test('unplugging a disk waits for the image', async (t) => {
  const slow = new SlowStorage(image());
  const rig = rigOf(slow);
  rig.command(0x20, {count: 1});
  const unplugged = rig.ide.unplugDisks('all');
  t.is(rig.status, 0, 'it is gone at once');
  await rig.settle();
  t.false(slow.closed);
  slow.finish();
  await unplugged;
  t.true(slow.closed);
});

test('a table without an end, and regions outside of memory, harm nobody', async (t) => {
  const rig = rigOf();
  const regions = Array.from({length: 8192}, () => ({address: 0xfff0_0000, bytes: 2}));
  rig.writePrds(0x10000, regions, true);
  rig.commandExt(0x25, {count: 256, lba: 0});
  rig.startBusMaster(true);
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.busMasterStatus], [0, 0]);
  rig.io.writePort(rig.busMaster + 4, 4, 0xffff_fffc);
  rig.command(0xc8, {count: 1});
  rig.stopBusMaster();
  rig.startBusMaster(true);
  await rig.settle();
  t.is(rig.status, 0x50);
});

test('TRIM clears ranges and refuses those beyond the end', async (t) => {
  const ram = image();
  const rig = rigOf(ram);
  const trim = async (ranges: readonly {lba: number; sectors: number}[]) => {
    const list = new DataView(new ArrayBuffer(512));
    for (const [index, {lba, sectors: count}] of ranges.entries()) {
      list.setUint32(index * 8, lba, true);
      list.setUint16(index * 8 + 4, Math.floor(lba / 2 ** 32), true);
      list.setUint16(index * 8 + 6, count, true);
    }
    rig.guest.memory.u8.set(new Uint8Array(list.buffer), BUFFER);
    rig.writePrds(PRDS, [{address: BUFFER, bytes: 512}]);
    rig.commandExt(0x06, {features: 1, count: 1});
    rig.startBusMaster(false);
    await rig.settle();
    rig.stopBusMaster();
    return rig.status;
  };
  t.is(
    await trim([
      {lba: 10, sectors: 5},
      {lba: 8000, sectors: 9000},
    ]),
    0x50,
  );
  t.true(ram.contents.slice(10 * 512, 15 * 512).every((byte) => byte === 0));
  t.true(ram.contents.slice(8000 * 512, 17_000 * 512).every((byte) => byte === 0));
  t.deepEqual(Buffer.from(ram.contents.slice(15 * 512, 16 * 512)), sectors(15, 1));
  t.is(
    await trim([
      {lba: 0, sectors: 1},
      {lba: 2 ** 40, sectors: 1},
    ]),
    0x51,
  );
  t.deepEqual(Buffer.from(ram.contents.slice(0, 512)), sectors(0, 1));
});
