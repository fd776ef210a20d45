import {VDISK_CDROM, VDISK_READONLY, VDISK_REMOVABLE} from '../../hypervisor/abi/io/blkif.ts';
import {ENOENT} from '../../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import {SECTOR_BYTES, type Storage} from '../storage/index.ts';

/** Before InitWait: one ring of one page. */
export const featureNodes: Readonly<Record<string, number>> = {'multi-queue-max-queues': 1, 'max-ring-page-order': 0};

/** What the toolstack says of the disk. */
export interface DiskDescription {
  /** The image, as the disk specification names it. */
  target: string;
  readonly: boolean;
  cdrom: boolean;
  removable: boolean;
  /** May be offered to the guest. */
  discard: boolean;
}

export const readDescription = async (device: XenbusDevice): Promise<DiskDescription> => {
  const target = await device.read('params');
  if (target === undefined) throw new DeviceError(ENOENT, `reading ${device.path}/params`);
  return {
    target,
    readonly: !((await device.read('mode')) ?? '').includes('w'),
    cdrom: (await device.read('device-type')) === 'cdrom',
    removable: (await device.read('removable')) === '1',
    discard: (await device.read('discard-enable')) !== '0',
  };
};

/** Whether discards are served. */
export const offersDiscard = ({discard, readonly}: DiskDescription, {discardGranularity}: Storage): boolean =>
  discard && !readonly && discardGranularity > 0;

/** Before Connected: what the disk can do and how large it is, in the order of Linux's blkback. */
export const propertyNodes = (disk: DiskDescription, storage: Storage): Record<string, number> => ({
  'feature-flush-cache': 1,
  ...discardNodes(disk, storage),
  sectors: storage.sizeBytes / SECTOR_BYTES,
  info: infoBits(disk),
  'sector-size': SECTOR_BYTES,
  'physical-sector-size': SECTOR_BYTES,
});

const discardNodes = (disk: DiskDescription, storage: Storage): Record<string, number> =>
  offersDiscard(disk, storage)
    ? {
        'discard-granularity': storage.discardGranularity,
        'discard-alignment': 0,
        'discard-secure': 0,
        'feature-discard': 1,
      }
    : {};

const infoBits = ({cdrom, removable, readonly}: DiskDescription): number =>
  (cdrom ? VDISK_CDROM : 0) | (removable ? VDISK_REMOVABLE : 0) | (readonly ? VDISK_READONLY : 0);
