import {Networks} from '../../../backends/network/index.ts';
import type {BlockDevice, NetDevice} from '../../../frontends/api.ts';
import {XenbusStateConnected} from '../../../hypervisor/abi/io/xenbus.ts';
import {virtualClock} from '../../../hypervisor/schedule/index.ts';
import {XS, type XsMessage} from '../../../hypervisor/xenstore/index.ts';
import {recorder} from '../seam/recorder.ts';
import {Seam} from '../seam/seam.ts';
import {StoreSpy} from '../seam/store-spy.ts';
import type {DeviceStandOptions, DeviceStandParts} from '../stand/device-stand.ts';
import {createRig, type RigDomain} from '../rig.ts';
import {Inconclusive} from '../verdict.ts';
import {KernelGuest} from './kernel-guest.ts';
import {ShellDisk} from './shell-disk.ts';
import {ShellNic} from './shell-nic.ts';

/** What is there of an implementation in TypeScript, and not of a kernel: a check that needs it gives no verdict. */
const absent = <T extends object>(reason: string, there: Partial<T> = {}): T => {
  const refuse = (): never => {
    throw new Inconclusive(reason);
  };
  return new Proxy(there as T, {
    get: (target, key) => (key in target ? (Reflect.get(target, key) as unknown) : refuse()),
    set: refuse,
  });
};

/** A host with a real kernel as the guest; its drivers are under test. What it does to the store is seen by the store. */
export const loadKernel = async (image: string, options: DeviceStandOptions): Promise<DeviceStandParts> => {
  const {log, choices} = options;
  let domid = 0;
  let requests = 0;
  const store = new StoreSpy(() => `/local/domain/${domid}`);
  const notes = recorder(log, 'iut');
  const ignore = (): void => undefined;
  const rig = await createRig({
    clock: virtualClock(choices.seed),
    traced: false,
    onRequest: ({domId, type, txId, payload, reply}) => {
      const request: XsMessage = {type: XS[type as keyof typeof XS], txId, reqId: ++requests, payload};
      const isRefused = typeof reply !== 'string';
      if (domId !== domid || domid === 0 || (isRefused && request.type === XS.WRITE)) return;
      notes.send?.(request, ignore, ignore);
      store.send(request, ignore);
      store.receive({...request, type: isRefused ? XS.ERROR : request.type}, ignore);
    },
  });
  log.followClock(() => rig.schedule.now());
  const kernel = await KernelGuest.restore(rig, image);
  const {domain} = kernel;
  domid = domain.id;
  const devices: (BlockDevice | NetDevice)[] = [];
  const disk = new ShellDisk(kernel);
  const {dom0} = rig;
  const isVisible = (path: string, value: string): boolean =>
    path.includes('/device/vbd/') && path.endsWith('/state') && Number(value) === XenbusStateConnected;
  rig.store.events$.subscribe(() => {
    if (devices.length === 0 && store.writes.some(({path, value}) => isVisible(path, value))) devices.push(disk);
  });
  const internals = 'a kernel is seen from outside only';
  return {
    rig,
    guest: {
      domain,
      ops: absent<RigDomain['ops']>(internals, {evtchnStatus: (id, port) => dom0.ops.evtchnStatus(id, port)}),
      xs: absent(internals),
    },
    seam: absent(internals),
    spy: absent(internals),
    store,
    disks: [],
    devices,
    bus: absent(internals),
    networks: new Networks(dom0.ops),
    peerOps: new Seam(dom0.ops, [recorder(log, 'peer')]).ops,
    shell: {disk, nic: new ShellNic(kernel)},
  };
};
