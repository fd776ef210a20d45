import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_WRITE_BARRIER,
  VDISK_CDROM,
  VDISK_READONLY,
  VDISK_REMOVABLE,
} from '../../hypervisor/abi/io/blkif.ts';
import {sectorUnits} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {EINVAL, ENOENT} from '../../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import type {Storage} from '../storage/index.ts';
import type {DiskLimits} from './check.ts';
import type {BlockFeatures} from './features.ts';

/** What the toolstack says of the disk. */
export interface DiskDescription {
  /** The image, as the disk specification names it; empty: a drive without a medium. */
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

/** What requests are checked against. DeviceError when the image is not of whole sectors. */
export const limitsOf = (disk: DiskDescription, storage: Storage, features: BlockFeatures): DiskLimits => {
  const {sizeBytes} = storage;
  const {sector, physical, reading} = features;
  const unit = Math.max(sector, physical);
  if (sizeBytes % unit !== 0) throw new DeviceError(EINVAL, `${disk.target}: no whole number of sectors of ${unit}`);
  return {
    sizeBytes,
    sectorBytes: sector,
    units: sectorUnits(reading, sector),
    readonly: disk.readonly,
    discard: features.discard && disk.discard && !disk.readonly && storage.discardGranularity > 0,
  };
};

/** Before Connected: what the disk can do and how large it is, in the order of Linux's blkback. */
export const propertyNodes = (
  disk: DiskDescription,
  storage: Storage,
  limits: DiskLimits,
  features: BlockFeatures,
): Record<string, number> => ({
  ...(features.flush && {'feature-flush-cache': 1}),
  ...(limits.discard && discardNodes(storage, features)),
  ...(features.barrier && {'feature-barrier': 1}),
  ...(features.persistent && {'feature-persistent': 1}),
  ...sizeNodes(limits),
  info: infoBits(disk),
  'sector-size': features.sector,
  'physical-sector-size': Math.max(features.sector, features.physical),
});

/** What changes with the medium and with a resize. */
export const sizeNodes = ({sizeBytes, units}: DiskLimits): Record<string, number> => ({
  sectors: sizeBytes / units.sectors,
});

/** The node that offers an operation. */
export const featureNodeOf: Readonly<Record<number, string | undefined>> = {
  [BLKIF_OP_FLUSH_DISKCACHE]: 'feature-flush-cache',
  [BLKIF_OP_WRITE_BARRIER]: 'feature-barrier',
  [BLKIF_OP_DISCARD]: 'feature-discard',
};

const discardNodes = ({discardGranularity}: Storage, {sector, secure}: BlockFeatures): Record<string, number> => ({
  'discard-granularity': Math.max(discardGranularity, sector),
  'discard-alignment': 0,
  'discard-secure': secure ? 1 : 0,
  'feature-discard': 1,
});

const infoBits = ({cdrom, removable, readonly}: DiskDescription): number =>
  (cdrom ? VDISK_CDROM : 0) | (removable ? VDISK_REMOVABLE : 0) | (readonly ? VDISK_READONLY : 0);
