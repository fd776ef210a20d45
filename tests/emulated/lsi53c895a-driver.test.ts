import {join} from 'node:path';
import test from 'ava';
import {Lsi53c895a} from '../../backends/emulated/lsi53c895a/index.ts';
import {expectedTransfer} from '../../backends/emulated/lsi53c895a/transfer-length.ts';
import {Cartridge, CdromUnit, DiskUnit, type LogicalUnit, TapeUnit} from '../../backends/scsi/target/index.ts';
import {ImageLocks, RamImage, StorageError} from '../../backends/storage/index.ts';
import type {ScsiReply, ScsiUnit} from '../../frontends/api.ts';
import {LsiHost} from '../../frontends/emulated/lsi53c895a/index.ts';
import {SlowStorage} from '../support/slow-storage.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {realClock, type Schedule} from '../../hypervisor/schedule/index.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';

const DISK_BYTES = 1 << 20;

const disk = (serial: string, sizeBytes = DISK_BYTES): DiskUnit =>
  new DiskUnit({storage: new RamImage(sizeBytes), serial});

const stand = async (units: Readonly<Record<string, LogicalUnit>>, schedule?: Schedule) => {
  const rig = new EmulatedRig({schedule});
  const lsi = new Lsi53c895a(rig.model, {initiatorName: 'guest'});
  for (const [address, unit] of Object.entries(units)) {
    const [id, lun] = address.split(':').map(Number);
    lsi.attach({id, lun}, unit);
  }
  lsi.plug(3);
  rig.setUpPci();
  const host = await rig.run(() => LsiHost.probe(rig.machine));
  if (host === undefined) throw new Error('no adapter found');
  const run = (unit: ScsiUnit, cdb: readonly number[], exchange = {}): Promise<ScsiReply> =>
    rig.run(() => unit.execute(Uint8Array.from(cdb), exchange));
  return {rig, lsi, host, run};
};

const read10 = (lba: number, blocks: number): number[] => [
  0x28,
  0,
  0,
  0,
  lba >>> 8,
  lba & 0xff,
  0,
  blocks >>> 8,
  blocks & 0xff,
  0,
];
const write10 = (lba: number, blocks: number): number[] => [0x2a, ...read10(lba, blocks).slice(1)];
const pattern = (length: number): Uint8Array => Uint8Array.from({length}, (_, i) => (i * 7 + (i >>> 8)) & 0xff);

test('finds units at all addresses and LUNs', async (t) => {
  const {host} = await stand({
    '0:0': disk('A'),
    '0:5': disk('B'),
    '3:2': disk('C'),
    '15:0': new CdromUnit({serial: 'D'}),
  });
  t.deepEqual(host.units.map(String), ['0:0:0:0', '0:0:0:5', '0:0:3:2', '0:0:15:0']);
});

test('no adapter, no host', async (t) => {
  const rig = new EmulatedRig();
  t.is(await rig.run(() => LsiHost.probe(rig.machine)), undefined);
});

test('the first command hears of the power on, by sense data of its own', async (t) => {
  const {host, run} = await stand({'0:0': disk('A')});
  const reply = await run(host.units[0], [0, 0, 0, 0, 0, 0]);
  t.is(reply.status, 2);
  t.is(reply.sense[2], 0x06);
  t.is(reply.sense[12], 0x29);
  t.is((await run(host.units[0], [0, 0, 0, 0, 0, 0])).status, 0);
});

for (const blocks of [1, 8, 13, 256, 2048]) {
  test(`${blocks} blocks are written and read back`, async (t) => {
    const {host, run} = await stand({'2:0': disk('A', 4 << 20)});
    const [unit] = host.units;
    await run(unit, [0, 0, 0, 0, 0, 0]);
    const data = pattern(blocks * 512);
    const written = await run(unit, write10(3, blocks), {dataOut: data});
    t.is(written.status, 0);
    t.is(written.residualBytes, 0);
    const seen = await run(unit, read10(3, blocks), {dataInBytes: data.length});
    t.is(seen.residualBytes, 0);
    t.is(Buffer.compare(seen.data, data), 0);
  });
}

test('fewer bytes than there is room for: the rest is residual', async (t) => {
  const {host, run} = await stand({'2:0': disk('A')});
  const reply = await run(host.units[0], [0x12, 0, 0, 0, 255, 0], {dataInBytes: 8192});
  t.is(reply.status, 0);
  t.is(reply.data.length, 96);
  t.is(reply.residualBytes, 8192 - 96);
});

test('many commands at once, more than there are slots', async (t) => {
  const {rig, host, run} = await stand({'2:0': disk('A'), '4:0': disk('B')});
  for (const unit of host.units) await run(unit, [0, 0, 0, 0, 0, 0]);
  const replies = await rig.run(() =>
    Promise.all(
      Array.from({length: 100}, (_, i) =>
        host.units[i % 2].execute(Uint8Array.from(write10(i, 1)), {dataOut: new Uint8Array(512).fill(i)}),
      ),
    ),
  );
  t.true(replies.every(({status, host: code}) => status === 0 && code === 0));
  for (let i = 0; i < 100; i++) {
    const {data} = await run(host.units[i % 2], read10(i, 1), {dataInBytes: 512});
    t.deepEqual(data, new Uint8Array(512).fill(i));
  }
});

const slowDisk = (serial: string): {unit: DiskUnit; storage: SlowStorage} => {
  const storage = new SlowStorage(new RamImage(DISK_BYTES));
  return {unit: new DiskUnit({storage, serial}), storage};
};

test('targets let go of the bus while they are busy, and come back in any order', async (t) => {
  const [a, b] = [slowDisk('A'), slowDisk('B')];
  const {rig, host, run} = await stand({'2:0': a.unit, '9:1': b.unit});
  for (const unit of host.units) await run(unit, [0, 0, 0, 0, 0, 0]);
  const ended: string[] = [];
  const replies = [0, 1, 0, 1].map(async (which, i) => {
    const exchange = i < 2 ? {dataOut: pattern(512)} : {dataInBytes: 512};
    const cdb = i < 2 ? write10(i, 1) : read10(i, 1);
    const {status, residualBytes} = await host.units[which].execute(Uint8Array.from(cdb), exchange);
    ended.push(`${i}: ${status} ${residualBytes}`);
  });
  await rig.schedule.sleep(1e6);
  t.is(a.storage.waiting.length, 2);
  t.is(b.storage.waiting.length, 2);
  for (const [storage, index] of [
    [b.storage, 1],
    [a.storage, 0],
    [b.storage, 0],
    [a.storage, 0],
  ] as const) {
    storage.finish(index);
    await rig.schedule.sleep(1e6);
  }
  await rig.run(() => Promise.all(replies));
  t.deepEqual(ended, ['3: 0 0', '0: 0 0', '1: 0 0', '2: 0 0']);
});

test('commands that end at the same time come back one after the other', async (t) => {
  const a = slowDisk('A');
  const {rig, host, run} = await stand({'2:0': a.unit});
  const [unit] = host.units;
  await run(unit, [0, 0, 0, 0, 0, 0]);
  const replies = Promise.all(
    Array.from({length: 8}, (_, i) => unit.execute(Uint8Array.from(read10(i, 2)), {dataInBytes: 1024})),
  );
  await rig.schedule.sleep(1e6);
  t.is(a.storage.waiting.length, 8);
  while (a.storage.waiting.length > 0) a.storage.finish();
  const statuses = (await rig.run(() => replies)).map(({status, residualBytes}) => status + residualBytes);
  t.deepEqual(
    statuses,
    Array.from({length: 8}, () => 0),
  );
});

test('an aborted command ends, and the unit goes on', async (t) => {
  const a = slowDisk('A');
  const {rig, host, run} = await stand({'2:0': a.unit});
  const [unit] = host.units;
  await run(unit, [0, 0, 0, 0, 0, 0]);
  const controller = new AbortController();
  const reply = unit.execute(Uint8Array.from(read10(0, 1)), {dataInBytes: 512, signal: controller.signal});
  await rig.schedule.sleep(1e6);
  controller.abort();
  t.is((await rig.run(() => reply)).host, 5);
  a.storage.finish();
  const next = unit.execute(Uint8Array.from(read10(0, 1)), {dataInBytes: 512});
  await rig.schedule.sleep(1e6);
  a.storage.finish();
  t.is((await rig.run(() => next)).status, 0);
});

test('a command that takes too long is aborted', async (t) => {
  const a = slowDisk('A');
  const {rig, host, run} = await stand({'2:0': a.unit});
  await run(host.units[0], [0, 0, 0, 0, 0, 0]);
  const reply = host.units[0].execute(Uint8Array.from(read10(0, 1)), {dataInBytes: 512, timeoutNs: 1e9});
  t.is((await rig.run(() => reply)).host, 5);
  t.is(host.stats().aborts, 1);
});

test('a reset ends all that a target does, which it tells of afterwards', async (t) => {
  const [a, b] = [slowDisk('A'), slowDisk('B')];
  const {rig, host, run} = await stand({'2:0': a.unit, '3:0': b.unit});
  for (const unit of host.units) await run(unit, [0, 0, 0, 0, 0, 0]);
  const replies = host.units.map((unit) => unit.execute(Uint8Array.from(read10(0, 1)), {dataInBytes: 512}));
  await rig.schedule.sleep(1e6);
  const isReset = host.units[0].reset();
  await rig.schedule.sleep(1e6);
  a.storage.finish();
  b.storage.finish();
  t.true(await rig.run(() => isReset));
  t.is((await rig.run(() => replies[0])).host, 8);
  t.is((await rig.run(() => replies[1])).host, 0);
  const told = await run(host.units[0], [0, 0, 0, 0, 0, 0]);
  t.is(told.sense[12], 0x29);
});

test('a unit that is taken away is not there any more', async (t) => {
  const {rig, lsi, host, run} = await stand({'2:0': disk('A')});
  await rig.run(() => lsi.detach({id: 2, lun: 0}));
  t.is((await run(host.units[0], [0, 0, 0, 0, 0, 0])).host, 1);
});

test('after the adapter is unplugged commands end all the same', async (t) => {
  const {rig, lsi, host} = await stand({'2:0': disk('A')});
  lsi.unplug();
  const reply = host.units[0].execute(new Uint8Array(6), {timeoutNs: 1e9});
  t.is((await rig.run(() => reply)).host, 8);
});

test('a tape: blocks of any length, filemarks, and a read that finds less', async (t) => {
  const path = join(temporaryDirectory(t), 'one.tap');
  const cartridge = await Cartridge.open(path, {readonly: false, create: true, locks: new ImageLocks()});
  if (cartridge instanceof StorageError) throw cartridge;
  const tape = new TapeUnit({serial: 'T'});
  tape.insert(cartridge);
  t.teardown(() => tape.close());
  const clock = realClock();
  t.teardown(() => clock.close());
  const {host, run} = await stand({'5:0': tape}, clock);
  const [unit] = host.units;
  const test = await run(unit, [0, 0, 0, 0, 0, 0]);
  t.is(test.status, 2);
  await run(unit, [0, 0, 0, 0, 0, 0]);
  for (const length of [700, 10_240]) {
    const cdb = [0x0a, 0, length >>> 16, (length >>> 8) & 0xff, length & 0xff, 0];
    t.is((await run(unit, cdb, {dataOut: pattern(length)})).status, 0);
  }
  t.is((await run(unit, [0x10, 0, 0, 0, 1, 0])).status, 0);
  t.is((await run(unit, [0x01, 0, 0, 0, 0, 0])).status, 0);
  const short = await run(unit, [0x08, 2, 0, 0x40, 0, 0], {dataInBytes: 0x4000});
  t.is(Buffer.compare(short.data, pattern(700)), 0);
  t.is(short.residualBytes, 0x4000 - 700);
  const next = await run(unit, [0x08, 0, 0, 0x28, 0, 0], {dataInBytes: 10_240});
  t.is(Buffer.compare(next.data, pattern(10_240)), 0);
  const mark = await run(unit, [0x08, 0, 0, 0x28, 0, 0], {dataInBytes: 10_240});
  t.is(mark.sense[2] & 0x80, 0x80, 'a filemark');
});

test('every command that is sent data has a length that its target knows', (t) => {
  const units: LogicalUnit[] = [disk('A'), new CdromUnit({serial: 'C'}), new TapeUnit({serial: 'T'})];
  const known = new Set<string>();
  for (const unit of units) {
    for (const {name, data, usage} of unit.commands.all) {
      if (data !== 'out') continue;
      // Of WRITE SAME not the bit that says that nothing is sent; of a tape blocks of any length.
      const cdb = Uint8Array.from(usage);
      cdb[1] &= ~1;
      t.true(expectedTransfer(unit, cdb).bytes > 0, name);
      known.add(name);
    }
  }
  t.true(known.size > 10);
});

test('what cannot be is refused', async (t) => {
  const {host, lsi} = await stand({'2:0': disk('A')});
  const [unit] = host.units;
  await t.throwsAsync(unit.execute(new Uint8Array(17)), {message: /EINVAL/});
  await t.throwsAsync(unit.execute(new Uint8Array(0)), {message: /EINVAL/});
  await t.throwsAsync(unit.execute(new Uint8Array(6), {dataInBytes: (1 << 20) + 1}), {message: /EINVAL/});
  for (const address of [
    {id: 7, lun: 0},
    {id: 16, lun: 0},
    {id: 0, lun: 64},
    {id: 2, lun: 0},
  ]) {
    t.false(lsi.attach(address, disk('B')));
  }
  host.close();
  await t.throwsAsync(unit.execute(new Uint8Array(6)), {message: /ENODEV/});
});
