import test from 'ava';
import {RamImage} from '../../backends/storage/index.ts';
import {firstDifference, pattern} from '../support/block.ts';
import {hexBytes, toHex} from '../support/scsi.ts';
import {ScsiRig} from '../support/scsi-rig.ts';
import {SlowStorage} from '../support/slow-storage.ts';

const BLOCK = 512;

const read10 = (lba: number, blocks: number): Uint8Array =>
  hexBytes(`28 00 ${lba.toString(16).padStart(8, '0')} 00 ${blocks.toString(16).padStart(4, '0')} 00`);
const write10 = (lba: number, blocks: number): Uint8Array =>
  hexBytes(`2a 00 ${lba.toString(16).padStart(8, '0')} 00 ${blocks.toString(16).padStart(4, '0')} 00`);
const inquiry = hexBytes('12 00 00 00 24 00');
const testUnitReady = hexBytes('00 00 00 00 00 00');

test('VSCSI-HP-01: a host comes up with its units, all states at 4', async (t) => {
  const scsi = await ScsiRig.start();
  await scsi.create({'0:0:0:0': '0:0:0:0', '0:0:1:3': '0:0:1:0'});
  t.is(await scsi.states(), '4/4');
  t.is(await scsi.states(0), '4/4');
  t.is(await scsi.states(1), '4/4');
  t.deepEqual(scsi.units.map(String), ['0:0:0:0', '0:0:1:3']);
  const reply = await scsi.rig.run(() => scsi.units[1].execute(inquiry, {dataInBytes: 36}));
  t.is(reply.status, 0);
  t.is(Buffer.from(reply.data.subarray(8, 16)).toString(), 'PVSIM   ');
});

for (const bytes of [BLOCK, 4096, 26 * 4096, 27 * 4096, 256 * 4096]) {
  test(`VSCSI-REQ-04: ${bytes} bytes go out and come back the same`, async (t) => {
    const scsi = await ScsiRig.start({storages: {'0:0:0:0': new RamImage(4 << 20)}, ringStart: 0xffff_fffe});
    await scsi.create();
    const [unit] = scsi.units;
    const data = pattern(bytes);
    const written = await scsi.rig.run(() => unit.execute(write10(7, bytes / BLOCK), {dataOut: data}));
    t.deepEqual([written.status, written.host], [0, 0]);
    const {data: back} = await scsi.rig.run(() => unit.execute(read10(7, bytes / BLOCK), {dataInBytes: bytes}));
    t.is(firstDifference(back, data), -1);
    t.is(scsi.rig.dom0.domain.maptrack.count, 2, 'the store ring and this ring');
  });
}

test('VSCSI-REQ-11, VSCSI-REQ-12: what is not there is residual; what goes wrong has sense', async (t) => {
  const scsi = await ScsiRig.start();
  await scsi.create();
  const [unit] = scsi.units;
  const short = await scsi.rig.run(() => unit.execute(inquiry, {dataInBytes: 4096}));
  t.is(short.data.length, 36);
  const beyond = await scsi.rig.run(() => unit.execute(read10(2048, 1), {dataInBytes: BLOCK}));
  t.is(beyond.status, 2);
  t.is(beyond.data.length, 0);
  t.regex(toHex(beyond.sense), /^700005000000000a000000002100/);
});

test('VSCSI-HP-02, VSCSI-HP-03, VSCSI-HP-08: units come and go while others work', async (t) => {
  const scsi = await ScsiRig.start();
  await scsi.create();
  await scsi.add(1, '0:0:1:0', '0:0:1:0');
  t.is(await scsi.states(), '4/4');
  t.is(await scsi.states(1), '4/4');
  t.deepEqual(scsi.units.map(String), ['0:0:0:0', '0:0:1:0']);
  await scsi.add(2, '0:0:1:0', '0:0:0:0');
  t.is(await scsi.read(`${scsi.backPath}/vscsi-devs/dev-2/state`), '6', 'the address is in use');
  await scsi.add(3, '0:0:2:0', '9:9:9:9');
  t.is(await scsi.read(`${scsi.backPath}/vscsi-devs/dev-3/state`), '6', 'there is no such unit');
  let removed = false;
  scsi.units[1].removed.subscribe({complete: () => (removed = true)});
  await scsi.remove(1);
  t.is(await scsi.states(), '4/4');
  t.is(await scsi.states(1), '6/6');
  t.true(removed);
  await t.throwsAsync(() => scsi.rig.run(() => scsi.units[1].execute(testUnitReady)), {message: /ENODEV/});
  t.is((await scsi.rig.run(() => scsi.units[0].execute(testUnitReady))).status, 0);
});

test("VSCSI-REQ-18: a command that takes too long is aborted; a late answer is nobody else's", async (t) => {
  const slow = new SlowStorage(new RamImage(1 << 20));
  const scsi = await ScsiRig.start({storages: {'0:0:0:0': slow}});
  await scsi.create();
  const [unit] = scsi.units;
  const reply = await scsi.rig.run(() => unit.execute(read10(0, 1), {dataInBytes: BLOCK, timeoutNs: 1e9}));
  t.not(reply.host, 0);
  slow.finish();
  await scsi.rig.settle();
  t.is((await scsi.rig.run(() => unit.execute(testUnitReady))).host, 0);
});

test('VSCSI-REQ-22: what is under way when the backend goes ends as by a reset', async (t) => {
  const slow = new SlowStorage(new RamImage(1 << 20));
  const scsi = await ScsiRig.start({storages: {'0:0:0:0': slow}});
  await scsi.create();
  const [unit] = scsi.units;
  const reply = unit.execute(read10(0, 1), {dataInBytes: BLOCK});
  await scsi.rig.settle(1e8);
  await scsi.rig.run(() => scsi.rig.dom0.xs.write(`${scsi.backPath}/state`, '5'));
  t.is((await scsi.rig.run(() => reply)).host, 8);
  slow.finish();
  await scsi.rig.settle();
  t.is(await scsi.read(`${scsi.frontPath}/state`), '6');
});
