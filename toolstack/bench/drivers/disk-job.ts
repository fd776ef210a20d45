import type {BlockDevice} from '../../../frontends/api.ts';
import {type BenchJob, keepUnderWay} from '../driver.ts';
import type {BenchPoint} from '../point.ts';

/** Of the disks that are read and written: in memory, so that nothing is measured but the way there. */
export const IMAGE_BYTES = 64 * 2 ** 20;

/** Reads or writes a disk in order, from its beginning again and again. */
export const diskJob = (
  disk: Pick<BlockDevice, 'read' | 'write'>,
  {operation, sizeBytes, depth}: BenchPoint,
): BenchJob => {
  const blocks = Math.floor(IMAGE_BYTES / sizeBytes);
  const data = new Uint8Array(sizeBytes).fill(0xa5);
  const io = {
    read: (offset: number) => disk.read(offset, sizeBytes),
    write: (offset: number) => disk.write(offset, data),
  }[operation as 'read' | 'write'];
  return keepUnderWay(depth, (n) => io((n % blocks) * sizeBytes));
};
