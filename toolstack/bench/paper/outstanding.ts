import {blockBackend} from '../../../backends/block/index.ts';
import {type IoVector, PENDING, type Storage} from '../../../backends/storage/index.ts';
import type {BlockDevice} from '../../../frontends/api.ts';
import {blockFrontend} from '../../../frontends/block/index.ts';
import {XenbusBus} from '../../../hypervisor/xenbus/index.ts';
import {createRig} from '../../conform/rig.ts';

const SEED = 1;
const MIB = 2 ** 20;
/** More than any ring has under way. */
const ASKED_BYTES = 64 * MIB;
const GUEST_PAGES = (2 * ASKED_BYTES) / 4096;
/** xvda */
const VDEV = 51712;

export interface Outstanding {
  readonly requests: number;
  readonly bytes: number;
}

/** What a frontend of one ring has under way that is asked for more than it can, with so many segments a request at most. */
export const outstandingOf = async (segments: number): Promise<Outstanding> => {
  const disk = new SilentDisk();
  const rig = await createRig({seed: SEED, traced: false});
  try {
    new XenbusBus(rig.dom0.ops, rig.dom0.xs, 'backend', [blockBackend({open: () => disk})]).start();
    const guest = await rig.createGuest({pages: GUEST_PAGES});
    const connected = new Promise<BlockDevice>((resolve) => {
      const frontend = blockFrontend(resolve, {features: {indirect: segments}});
      new XenbusBus(guest.ops, guest.xs, 'frontend', [frontend]).start();
    });
    await rig.addDevice({
      guest,
      type: 'vbd',
      devid: VDEV,
      front: {'virtual-device': String(VDEV)},
      back: {params: 'silent', mode: 'w', 'physical-device': '7:0'},
    });
    const device = await rig.run(() => connected);
    device.read(0, ASKED_BYTES).catch(() => undefined);
    await rig.settle();
    return {requests: device.stats().inFlight, bytes: disk.askedBytes};
  } finally {
    rig.close();
  }
};

/** Never answers. */
class SilentDisk implements Storage {
  readonly sizeBytes = ASKED_BYTES;
  readonly readonly = false;
  readonly discardGranularity = 0;
  askedBytes = 0;

  read({lengthBytes}: IoVector): number {
    this.askedBytes += lengthBytes;
    return PENDING;
  }

  write(): number {
    return PENDING;
  }

  flush(): number {
    return 0;
  }

  discard(_position: number, length: number): number {
    return length;
  }

  close(): void {}

  toString(): string {
    return 'silent';
  }
}
