import {scsiBackend} from '../../../backends/scsi/index.ts';
import {DiskUnit} from '../../../backends/scsi/target/index.ts';
import {RamImage} from '../../../backends/storage/index.ts';
import type {ScsiUnit} from '../../../frontends/api.ts';
import {scsiFrontend} from '../../../frontends/scsi/index.ts';
import {XenbusBus} from '../../../hypervisor/xenbus/index.ts';
import {vscsiUnitNodes} from '../../builder/vscsi.ts';
import type {Rig} from '../../conform/rig.ts';
import {type BenchDriver, type BenchJob, forEachGuest, keepUnderWay} from '../driver.ts';
import type {BenchPoint} from '../point.ts';

const IMAGE_BYTES = 64 * 2 ** 20;
const BLOCK_BYTES = 512;
const GUEST_PAGES = 8192;
/** Of a request in Linux's scsifront. */
const MAX_BYTES = 26 * 4096;
/** The ring's slots but for the one that is kept for aborts. */
const MAX_DEPTH = 15;
const READ_10 = 0x28;
const WRITE_10 = 0x2a;

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

/** Reads or writes a disk in order by READ (10) and WRITE (10). */
export const unitJob = async (unit: ScsiUnit, {operation, sizeBytes, depth}: BenchPoint): Promise<BenchJob> => {
  const blocks = Math.floor(IMAGE_BYTES / sizeBytes);
  const exchange = operation === 'read' ? {dataInBytes: sizeBytes} : {dataOut: new Uint8Array(sizeBytes).fill(0xa5)};
  const cdb = (n: number): Uint8Array => {
    const bytes = Uint8Array.of(operation === 'read' ? READ_10 : WRITE_10, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const view = new DataView(bytes.buffer);
    view.setUint32(2, ((n % blocks) * sizeBytes) / BLOCK_BYTES);
    view.setUint16(7, sizeBytes / BLOCK_BYTES);
    return bytes;
  };
  // The first command hears of the unit's start only.
  await unit.execute(cdb(0), exchange);
  return keepUnderWay(depth, async (n) => {
    const {host, status} = await unit.execute(cdb(n), exchange);
    if (host !== 0 || status !== 0) throw new Error(`command ${n}: host ${host}, status ${status}`);
  });
};

export const scsiDrivers: readonly BenchDriver[] = [scsiPv];
