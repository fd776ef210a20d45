import {VDISK_READONLY} from '../../hypervisor/abi/io/blkif.ts';
import {EINVAL} from '../../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';

/** Unit of `sectors` and of positions in requests, whatever the disk's own sectors are. */
const SECTOR_BYTES = 512;
const MAX_SECTOR_SIZE = 4096;
const MAX_SECTORS = Math.floor(Number.MAX_SAFE_INTEGER / SECTOR_BYTES);
const MAX_U32 = 0xffff_ffff;

/** What the backend published when it was Connected. */
export interface DiskProperties {
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly readonly: boolean;
  readonly flush: boolean;
  /** Bytes; 0 when the backend does not discard. */
  readonly discardGranularity: number;
  readonly discardAlignment: number;
}

/** Reads it. Some backends publish their features only now, so all are read here. @see Linux's blkfront */
export const readProperties = async (device: XenbusDevice): Promise<DiskProperties> => {
  const sectors = await device.readOtherNumber('sectors', MAX_SECTORS);
  const sectorSize = await device.readOtherNumber('sector-size', MAX_SECTOR_SIZE);
  const info = await device.readOtherNumber('info', MAX_U32, 0);
  if (sectorSize < SECTOR_BYTES || (sectorSize & (sectorSize - 1)) !== 0) {
    throw new DeviceError(EINVAL, `reading ${device.otherPath}/sector-size: ${sectorSize}`);
  }
  return {
    sizeBytes: sectors * SECTOR_BYTES,
    sectorSize,
    readonly: (info & VDISK_READONLY) !== 0,
    flush: (await device.readOtherNumber('feature-flush-cache', MAX_U32, 0)) > 0,
    ...(await readDiscard(device, sectorSize)),
  };
};

/** A unit that is not of whole sectors cannot be used. */
const readDiscard = async (
  device: XenbusDevice,
  sectorSize: number,
): Promise<Pick<DiskProperties, 'discardGranularity' | 'discardAlignment'>> => {
  const offered = (await device.readOtherNumber('feature-discard', MAX_U32, 0)) > 0;
  const granularity = await device.readOtherNumber('discard-granularity', MAX_U32, sectorSize);
  const alignment = await device.readOtherNumber('discard-alignment', MAX_U32, 0);
  const usable = offered && granularity % sectorSize === 0 && alignment % sectorSize === 0;
  return {discardGranularity: usable ? granularity : 0, discardAlignment: usable ? alignment : 0};
};
