import {Lsi53c895a} from '../../../backends/emulated/lsi53c895a/index.ts';
import {DiskUnit} from '../../../backends/scsi/target/index.ts';
import {RamImage} from '../../../backends/storage/index.ts';
import {LsiHost} from '../../../frontends/emulated/lsi53c895a/index.ts';
import type {Rig} from '../../conform/rig.ts';
import {type BenchDriver, type BenchJob, forEachGuest} from '../driver.ts';
import type {BenchPoint} from '../point.ts';
import {IMAGE_BYTES} from './disk-job.ts';
import {createEmulatedGuest, found} from './emulated-guest.ts';
import {BLOCK_BYTES, unitJob} from './scsi-job.ts';

const PCI_SLOT = 5;
/** Of the driver. */
const SLOTS = 32;

/** A SCRIPTS driver on an LSI 53C895A, a disk in memory behind it. */
const lsiDriver: BenchDriver = {
  name: 'lsi53c895a',
  device: 'scsi',
  kind: 'emulated',
  about: 'an adapter that runs SCRIPTS out of the memory of the guest',
  operations: ['read', 'write'],
  limits: {minBytes: BLOCK_BYTES, maxBytes: 2 ** 20, stepBytes: BLOCK_BYTES, maxDepth: SLOTS, maxQueues: 1},
  start: (rig, point) => forEachGuest(point, (index) => connectUnit(rig, index, point)),
};

const connectUnit = async (rig: Rig, index: number, point: BenchPoint): Promise<BenchJob> => {
  const machine = await createEmulatedGuest(rig, (model) => {
    const adapter = new Lsi53c895a(model, {initiatorName: `guest${index}`});
    adapter.attach({id: 0, lun: 0}, new DiskUnit({storage: new RamImage(IMAGE_BYTES), serial: 'RAM'}));
    adapter.plug(PCI_SLOT);
  });
  const host = found(await LsiHost.probe(machine), 'LSI 53C895A');
  return unitJob(found(host.units[0], 'SCSI unit'), point);
};

export const lsiDrivers: readonly BenchDriver[] = [lsiDriver];
