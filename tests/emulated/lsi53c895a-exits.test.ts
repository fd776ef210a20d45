import test from 'ava';
import {Lsi53c895a} from '../../backends/emulated/lsi53c895a/index.ts';
import {DiskUnit} from '../../backends/scsi/target/index.ts';
import {RamImage} from '../../backends/storage/index.ts';
import type {ScsiUnit} from '../../frontends/api.ts';
import {LsiHost} from '../../frontends/emulated/lsi53c895a/index.ts';
import {logAccesses} from '../support/access-log.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';
import {SlowStorage} from '../support/slow-storage.ts';

const ISTAT = 'f0000014';
const read = Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 8, 0);

const stand = async (unit: DiskUnit) => {
  const rig = new EmulatedRig();
  const lsi = new Lsi53c895a(rig.model, {initiatorName: 'guest'});
  lsi.attach({id: 0, lun: 0}, unit);
  lsi.plug(3);
  rig.setUpPci();
  const {machine, log} = logAccesses(rig.machine);
  const host = await rig.run(() => LsiHost.probe(machine));
  if (host === undefined) throw new Error('no adapter found');
  const [disk] = host.units;
  await rig.run(() => disk.execute(new Uint8Array(6)));
  log.length = 0;
  return {rig, disk, log};
};

const reads = (disk: ScsiUnit, count: number): Promise<unknown> =>
  Promise.all(Array.from({length: count}, () => disk.execute(read, {dataInBytes: 4096})));

/** Its signal; then INTFLY seen, acknowledged, and read back before memory is looked at. */
const oneCommand = [`write ${ISTAT}`, `read ${ISTAT}`, `write ${ISTAT}`, `read ${ISTAT}`, 'eoi 5'];

// Published: 5 to 8 exits for a CDB.
test('a command: one write, and an interrupt of four exits', async (t) => {
  const {rig, disk, log} = await stand(new DiskUnit({storage: new RamImage(1 << 20), serial: 'A'}));
  await rig.run(() => reads(disk, 1));
  t.deepEqual(log, oneCommand);
});

test('a command that takes time costs no more: the script sees to disconnect and reselection', async (t) => {
  const storage = new SlowStorage(new RamImage(1 << 20));
  const {rig, disk, log} = await stand(new DiskUnit({storage, serial: 'A'}));
  const reply = reads(disk, 1);
  await rig.schedule.sleep(1e6);
  t.deepEqual(log, oneCommand.slice(0, 1));
  storage.finish();
  await rig.run(() => reply);
  t.deepEqual(log, oneCommand);
});

test('commands at the same time have a write each, and share interrupts', async (t) => {
  const {rig, disk, log} = await stand(new DiskUnit({storage: new RamImage(1 << 20), serial: 'A'}));
  await rig.run(() => reads(disk, 8));
  t.deepEqual(log, [...Array.from({length: 8}, () => oneCommand[0]), ...oneCommand.slice(1)]);
});
