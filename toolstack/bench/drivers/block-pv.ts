import {blockBackend, type BlockFeatures} from '../../../backends/block/index.ts';
import {RamImage} from '../../../backends/storage/index.ts';
import type {BlockDevice} from '../../../frontends/api.ts';
import {blockFrontend, type BlockFrontFeatures} from '../../../frontends/block/index.ts';
import {XenbusBus} from '../../../hypervisor/xenbus/index.ts';
import type {Rig} from '../../conform/rig.ts';
import {type BenchDriver, forEachGuest} from '../driver.ts';
import {diskJob, IMAGE_BYTES} from './disk-job.ts';

const SECTOR_BYTES = 512;
/** xvda */
const VDEV = 51712;
const GUEST_PAGES = 8192;
const RING_ENTRIES = 32;
const MAX_QUEUES = 16;

interface Variant {
  name: string;
  about: string;
  features?: Partial<BlockFeatures & BlockFrontFeatures>;
}

/** blkfront on blkback, a disk in memory behind it. */
const blockDriver = ({name, about, features = {}}: Variant): BenchDriver => ({
  name,
  device: 'block',
  kind: 'pv',
  about,
  operations: ['read', 'write'],
  limits: {
    minBytes: SECTOR_BYTES,
    maxBytes: 2 ** 20,
    stepBytes: SECTOR_BYTES,
    maxDepth: RING_ENTRIES,
    maxQueues: MAX_QUEUES,
  },
  start: async (rig, point) => {
    const open = () => new RamImage(IMAGE_BYTES);
    const offer = {...features, queues: point.queues};
    new XenbusBus(rig.dom0.ops, rig.dom0.xs, 'backend', [blockBackend({open, features: offer})]).start();
    return forEachGuest(point, async () => diskJob(await connectDisk(rig, offer), point));
  },
});

const connectDisk = async (rig: Rig, features: Partial<BlockFrontFeatures>): Promise<BlockDevice> => {
  const guest = await rig.createGuest({pages: GUEST_PAGES, vcpus: features.queues});
  const connected = new Promise<BlockDevice>((resolve) => {
    new XenbusBus(guest.ops, guest.xs, 'frontend', [blockFrontend(resolve, {features})]).start();
  });
  await rig.addDevice({
    guest,
    type: 'vbd',
    devid: VDEV,
    front: {'virtual-device': String(VDEV)},
    back: {params: 'ram', mode: 'w', 'physical-device': '7:0'},
  });
  return connected;
};

export const blockDrivers: readonly BenchDriver[] = [
  {name: 'pv', about: 'blkfront: persistent grants, indirect requests'},
  {name: 'pv-map', about: 'blkfront, each page mapped for its request', features: {persistent: false}},
].map(blockDriver);
