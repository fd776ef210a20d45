import {Networks} from '../../../backends/network/index.ts';
import {ImageLocks, openStorage} from '../../../backends/storage/index.ts';
import {XenbusBus} from '../../../hypervisor/xenbus/index.ts';
import {XsClient} from '../../../hypervisor/xenstore/index.ts';
import {type DriverSubject, type GuestDevice, roleOf} from '../iut/iut.ts';
import type {Layer} from '../seam/layer.ts';
import {recorder} from '../seam/recorder.ts';
import {RingSpy} from '../seam/ring-spy.ts';
import {StoreSpy} from '../seam/store-spy.ts';
import {Seam} from '../seam/seam.ts';
import {ScriptedDisk} from '../peers/scripted-disk.ts';
import {scriptedUnits} from '../peers/scripted-unit.ts';
import type {DeviceStandOptions, DeviceStandParts} from './device-stand.ts';
import {startRig} from './start-rig.ts';

/** Frames of a guest on a stand. */
const GUEST_PAGES = 1024;
const SCRIPTED_DISK_BYTES = 1 << 20;

/** Target of a disk that does as the check says. */
export const SCRIPTED_DISK = 'scripted';

/** A host, a guest, and the driver under test on its side. */
export const loadDriver = async (subject: DriverSubject, options: DeviceStandOptions): Promise<DeviceStandParts> => {
  const {log, layers, iut} = options;
  if (iut.kernel !== undefined) return (await import('../linux/load-kernel.ts')).loadKernel(iut.kernel, options);
  const rig = await startRig(options);
  const spy = new RingSpy();
  const disks: ScriptedDisk[] = [];
  let domid = 0;
  const store = new StoreSpy(() => `/local/domain/${domid}`);
  const iutLayers: readonly Layer[] = [...layers, recorder(log, 'iut'), spy, store];
  const devices: GuestDevice[] = [];
  const load = (seam: Seam, xs: XsClient): {bus: XenbusBus; networks: Networks} => {
    const networks = new Networks(seam.ops);
    const driver = options.iut.driver?.(subject, {
      onDevice: (device) => devices.push(device),
      openStorage: (target, how) => {
        if (target !== SCRIPTED_DISK) return openStorage(target, {...how, locks: new ImageLocks()});
        disks.push(new ScriptedDisk(SCRIPTED_DISK_BYTES, how.readonly));
        return disks[disks.length - 1];
      },
      openUnit: scriptedUnits(disks),
      networks,
      ringStart: options.ringStart ?? 0,
    });
    if (driver === undefined) throw new Error(`${options.iut.name} has no driver for ${subject}`);
    const bus = new XenbusBus(seam.ops, xs, roleOf(subject), [driver]);
    bus.start();
    return {bus, networks};
  };
  if (roleOf(subject) === 'backend') {
    const guest = await rig.createGuest({pages: GUEST_PAGES, abi: options.abi});
    const seam = new Seam(rig.dom0.ops, iutLayers);
    const loaded = load(seam, new XsClient(seam.transport(rig.store.connectInProcess(0))));
    return {
      rig,
      guest,
      seam,
      spy,
      store,
      disks,
      devices,
      ...loaded,
      peerOps: new Seam(guest.ops, [recorder(log, 'peer')]).ops,
    };
  }
  const seams: Seam[] = [];
  const guest = await rig.createGuest({
    pages: GUEST_PAGES,
    abi: options.abi,
    transport: (ring, ops) => {
      domid = ops.domid;
      seams.push(new Seam(ops, iutLayers));
      return seams[0].transport(ring);
    },
  });
  const loaded = load(seams[0], guest.xs);
  return {
    rig,
    guest,
    seam: seams[0],
    spy,
    store,
    disks,
    devices,
    ...loaded,
    peerOps: new Seam(rig.dom0.ops, [recorder(log, 'peer')]).ops,
  };
};
