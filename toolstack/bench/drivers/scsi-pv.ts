import {scsiBackend} from '../../../backends/scsi/index.ts';
import {DiskUnit} from '../../../backends/scsi/target/index.ts';
import {RamImage} from '../../../backends/storage/index.ts';
import type {ScsiUnit} from '../../../frontends/api.ts';
import {scsiFrontend} from '../../../frontends/scsi/index.ts';
import {XenbusBus} from '../../../hypervisor/xenbus/index.ts';
import {vscsiUnitNodes} from '../../builder/vscsi.ts';
import type {Rig} from '../../conform/rig.ts';
import {type BenchDriver, forEachGuest} from '../driver.ts';
import {IMAGE_BYTES} from './disk-job.ts';
import {BLOCK_BYTES, unitJob} from './scsi-job.ts';

const GUEST_PAGES = 8192;
/** Of a request in Linux's scsifront. */
const MAX_BYTES = 26 * 4096;
/** The ring's slots but for the one that is kept for aborts. */
const MAX_DEPTH = 15;

/** scsifront on scsiback, a disk in memory behind it. */
const scsiPv: BenchDriver = {
  name: 'pv',
  device: 'scsi',
  kind: 'pv',
  about: 'scsifront',
  operations: ['read', 'write'],
  limits: {minBytes: BLOCK_BYTES, maxBytes: MAX_BYTES, stepBytes: BLOCK_BYTES, maxDepth: MAX_DEPTH, maxQueues: 1},
  start: async (rig, point) => {
    const open = () => {
      const unit = new DiskUnit({storage: new RamImage(IMAGE_BYTES), serial: 'RAM'});
      return Promise.resolve({unit, close: () => void unit.close()});
    };
    new XenbusBus(rig.dom0.ops, rig.dom0.xs, 'backend', [scsiBackend(open)]).start();
    return forEachGuest(point, async () => unitJob(await connectUnit(rig), point));
  },
};

const connectUnit = async (rig: Rig): Promise<ScsiUnit> => {
  const guest = await rig.createGuest({pages: GUEST_PAGES});
  const connected = new Promise<ScsiUnit>((resolve) => {
    new XenbusBus(guest.ops, guest.xs, 'frontend', [scsiFrontend(resolve)]).start();
  });
  const nodes = vscsiUnitNodes({index: 0, pDev: '0:0:0:0', vDev: '0:0:0:0', pDevname: 'ram'});
  await rig.addDevice({guest, type: 'vscsi', devid: 0, back: {'feature-host': '0', ...Object.fromEntries(nodes)}});
  return connected;
};

export const scsiDrivers: readonly BenchDriver[] = [scsiPv];
