import {VDISK_CDROM, VDISK_READONLY, VDISK_REMOVABLE} from '../../hypervisor/abi/io/blkif.ts';
import {sectorUnits, type SectorReading} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {EINVAL} from '../../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';

const MIN_SECTOR_SIZE = 512;
const MAX_SECTOR_SIZE = 4096;
const MAX_SECTORS = Math.floor(Number.MAX_SAFE_INTEGER / MAX_SECTOR_SIZE);
const MAX_U32 = 0xffff_ffff;

/** What the backend published when it was Connected. */
export interface DiskProperties {
  readonly sizeBytes: number;
  readonly sectorSize: number;
  /** What the image's medium writes at once: writes of whole such blocks are the quickest. */
  readonly physicalSectorSize: number;
  readonly readonly: boolean;
  readonly cdrom: boolean;
  readonly removable: boolean;
  /** Data pages may stay mapped. */
  readonly persistent: boolean;
  /** Segments of an indirect request; 0: none such. */
  readonly indirect: number;
  readonly flush: boolean;
  readonly barrier: boolean;
  /** What was discarded can be made unreadable. */
  readonly secureDiscard: boolean;
  /** Bytes; 0 when the backend does not discard. */
  readonly discardGranularity: number;
  readonly discardAlignment: number;
}

/** Reads it. Some backends publish their features only now, so all are read here. @see Linux's blkfront */
export const readProperties = async (device: XenbusDevice, reading: SectorReading): Promise<DiskProperties> => {
  const sectorSize = await readSectorSize(device);
  const info = await device.readOtherNumber('info', MAX_U32, 0);
  return {
    sizeBytes: await readSize(device, reading, sectorSize),
    sectorSize,
    physicalSectorSize: await device.readOtherNumber('physical-sector-size', MAX_U32, sectorSize),
    readonly: (info & VDISK_READONLY) !== 0,
    cdrom: (info & VDISK_CDROM) !== 0,
    removable: (info & VDISK_REMOVABLE) !== 0,
    persistent: await isOffered(device, 'feature-persistent'),
    indirect: await device.readOtherNumber('feature-max-indirect-segments', MAX_U32, 0),
    flush: await isOffered(device, 'feature-flush-cache'),
    barrier: await isOffered(device, 'feature-barrier'),
    secureDiscard: await isOffered(device, 'discard-secure'),
    ...(await readDiscard(device, sectorSize)),
  };
};

/** The size alone, which a backend may change. */
export const readSize = async (device: XenbusDevice, reading: SectorReading, sectorSize: number): Promise<number> =>
  (await device.readOtherNumber('sectors', MAX_SECTORS)) * sectorUnits(reading, sectorSize).sectors;

const isOffered = async (device: XenbusDevice, feature: string): Promise<boolean> =>
  (await device.readOtherNumber(feature, MAX_U32, 0)) > 0;

const readSectorSize = async (device: XenbusDevice): Promise<number> => {
  const sectorSize = await device.readOtherNumber('sector-size', MAX_SECTOR_SIZE);
  if (sectorSize < MIN_SECTOR_SIZE || (sectorSize & (sectorSize - 1)) !== 0) {
    throw new DeviceError(EINVAL, `reading ${device.otherPath}/sector-size: ${sectorSize}`);
  }
  return sectorSize;
};

/** A unit that is not of whole sectors cannot be used. */
const readDiscard = async (
  device: XenbusDevice,
  sectorSize: number,
): Promise<Pick<DiskProperties, 'discardGranularity' | 'discardAlignment'>> => {
  const offered = await isOffered(device, 'feature-discard');
  const granularity = await device.readOtherNumber('discard-granularity', MAX_U32, sectorSize);
  const alignment = await device.readOtherNumber('discard-alignment', MAX_U32, 0);
  const usable = offered && granularity % sectorSize === 0 && alignment % sectorSize === 0;
  return {discardGranularity: usable ? granularity : 0, discardAlignment: usable ? alignment : 0};
};
