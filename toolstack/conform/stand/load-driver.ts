import {ImageLocks, openStorage} from '../../../backends/storage/index.ts';
import type {BlockDevice, NetDevice} from '../../../frontends/api.ts';
import {XenbusBus} from '../../../hypervisor/xenbus/index.ts';
import {XsClient} from '../../../hypervisor/xenstore/index.ts';
import {type DriverSubject, roleOf} from '../iut/iut.ts';
import type {Layer} from '../seam/layer.ts';
import {recorder} from '../seam/recorder.ts';
import {RingSpy} from '../seam/ring-spy.ts';
import {Seam} from '../seam/seam.ts';
import type {DeviceStandOptions, DeviceStandParts} from './device-stand.ts';
import {startRig} from './start-rig.ts';

/** Frames of a guest on a stand. */
const GUEST_PAGES = 1024;

/** A host, a guest, and the driver under test on its side. */
export const loadDriver = async (subject: DriverSubject, options: DeviceStandOptions): Promise<DeviceStandParts> => {
  const {log, layers} = options;
  const rig = await startRig(options);
  const spy = new RingSpy();
  const iutLayers: readonly Layer[] = [...layers, recorder(log, 'iut'), spy];
  const devices: (BlockDevice | NetDevice)[] = [];
  const load = (seam: Seam, xs: XsClient): void => {
    const driver = options.iut.driver?.(subject, {
      onDevice: (device) => devices.push(device),
      openStorage: (target, how) => openStorage(target, {...how, locks: new ImageLocks()}),
      ringStart: options.ringStart ?? 0,
    });
    if (driver === undefined) throw new Error(`${options.iut.name} has no driver for ${subject}`);
    new XenbusBus(seam.ops, xs, roleOf(subject), [driver]).start();
  };
  if (roleOf(subject) === 'backend') {
    const guest = await rig.createGuest({pages: GUEST_PAGES});
    const seam = new Seam(rig.dom0.ops, iutLayers);
    load(seam, new XsClient(seam.transport(rig.store.connectInProcess(0))));
    return {rig, guest, seam, spy, devices, peerOps: new Seam(guest.ops, [recorder(log, 'peer')]).ops};
  }
  const seams: Seam[] = [];
  const guest = await rig.createGuest({
    pages: GUEST_PAGES,
    transport: (ring, ops) => {
      seams.push(new Seam(ops, iutLayers));
      return seams[0].transport(ring);
    },
  });
  load(seams[0], guest.xs);
  return {rig, guest, seam: seams[0], spy, devices, peerOps: new Seam(rig.dom0.ops, [recorder(log, 'peer')]).ops};
};
