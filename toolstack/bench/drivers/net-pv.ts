import {netBackend, type NetFeatures} from '../../../backends/net/index.ts';
import {formatMac, Networks} from '../../../backends/network/index.ts';
import {type Netfront, type NetFrontFeatures, netFrontend} from '../../../frontends/net/index.ts';
import type {DomainMemory} from '../../../hypervisor/memory/index.ts';
import {XenbusBus} from '../../../hypervisor/xenbus/index.ts';
import type {Rig, RigDomain} from '../../conform/rig.ts';
import {type BenchDriver, forEachGuest} from '../driver.ts';
import {type BusyNic, NetJob} from './net-job.ts';
import {MAX_FRAME, macOf, NetPeer, SEGMENT_BYTES} from './net-peer.ts';

const BRIDGE = 'xenbr0';
const GUEST_PAGES = 8192;
const RING_ENTRIES = 256;
const MAX_QUEUES = 16;
/** Without a FCS. */
const MIN_FRAME = 60;
const MAX_GSO_FRAME = 65535;

interface Variant {
  name: string;
  about: string;
  maxBytes?: number;
  backend?: Partial<NetFeatures>;
  frontend?: Partial<NetFrontFeatures>;
}

/** netfront on netback, a bridge and dom0's end of the network behind it. */
const netDriver = ({name, about, maxBytes = MAX_FRAME, backend, frontend}: Variant): BenchDriver => ({
  name,
  device: 'net',
  kind: 'pv',
  about,
  operations: ['tx', 'rx'],
  limits: {minBytes: MIN_FRAME, maxBytes, stepBytes: 1, maxDepth: RING_ENTRIES, maxQueues: MAX_QUEUES},
  start: async (rig, point) => {
    const {ops, xs} = rig.dom0;
    const networks = new Networks(ops, []);
    const peer = new NetPeer(ops, networks.create(BRIDGE));
    const {queues} = point;
    new XenbusBus(ops, xs, 'backend', [netBackend({networks, features: {...backend, queues}})]).start();
    return forEachGuest(point, async (index) => {
      const guest = await rig.createGuest({pages: GUEST_PAGES, vcpus: queues});
      const nic = frontNic(await connectNic(rig, guest, index, {...frontend, queues}), guest.ops.memory);
      const job = new NetJob({point, index, nic, peer});
      job.introduce();
      return job;
    });
  },
});

const connectNic = async (
  rig: Rig,
  guest: RigDomain,
  index: number,
  features: Partial<NetFrontFeatures>,
): Promise<Netfront> => {
  const connected = new Promise<Netfront>((resolve) => {
    new XenbusBus(guest.ops, guest.xs, 'frontend', [netFrontend(resolve, {features})]).start();
  });
  const mac = formatMac(macOf(index));
  await rig.addDevice({
    guest,
    type: 'vif',
    devid: 0,
    front: {handle: '0', mac, mtu: '1500', trusted: '1'},
    back: {mac, bridge: BRIDGE, handle: '0', type: 'vif', 'hotplug-status': 'connected'},
  });
  return connected;
};

/** Frames are built where the backend finds them, as Linux's netfront grants what it is given; in turns on all queues. */
const frontNic = (nic: Netfront, memory: DomainMemory): BusyNic => {
  let next = 0;
  return {
    put: (frame) => {
      if (frame.length > MAX_FRAME) return nic.send(frame, {segmentBytes: SEGMENT_BYTES});
      const queue = next++ % nic.queues;
      const at = nic.reserve(queue);
      if (at < 0) return false;
      memory.u8.set(frame, at);
      return nic.commit(frame.length, queue);
    },
    flush: () => nic.flush(),
    listen: (hears, onRoom) => nic.consumeRaw({receive: () => hears(1), onRoom}),
  };
};

const variants: readonly Variant[] = [
  {name: 'pv', about: 'netfront: frames of up to 64 KiB are never cut (GSO)', maxBytes: MAX_GSO_FRAME},
  {
    name: 'pv-map',
    about: 'netfront, longer parts mapped by the backend and not copied',
    maxBytes: MAX_GSO_FRAME,
    backend: {copybreak: 0},
  },
  {
    name: 'pv-static',
    about: 'netfront, the pages of its rings mapped for good (static grants)',
    maxBytes: MAX_GSO_FRAME,
    frontend: {staticGrants: true},
  },
];

export const netDrivers: readonly BenchDriver[] = variants.map(netDriver);
