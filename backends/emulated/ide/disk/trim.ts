import {ABRT, IDNF, SECTOR_BYTES, WP} from '../ata.ts';
import type {AtaDisk} from './ata-disk.ts';
import {MAX_TRIM_BLOCKS} from './identify-disk.ts';

const TRIM = 0x01;
const ENTRY_BYTES = 8;

interface Range {
  readonly lba: number;
  readonly sectors: number;
}

/** Entries of a first sector in 48 bits and a count in 16; those without a count mean nothing. */
const rangesOf = (bytes: Uint8Array): Range[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const ranges: Range[] = [];
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const sectors = view.getUint16(at + 6, true);
    const lba = view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32;
    if (sectors > 0) ranges.push({lba, sectors});
  }
  return ranges;
};

/** Discards from `position` to `end`, as much at once as the storage likes, then the other ranges. */
const discard = (disk: AtaDisk, position: number, end: number, rest: readonly Range[]): void => {
  if (position === end) return nextRange(disk, rest);
  disk.operate(
    (completion) => disk.storage.discard(position, end - position, completion),
    (result) => {
      if (result <= 0) return disk.fail();
      disk.later(() => discard(disk, position + result, end, rest));
    },
  );
};

const nextRange = (disk: AtaDisk, [range, ...rest]: readonly Range[]): void => {
  if (range === undefined) return disk.succeed();
  const {lba, sectors} = range;
  discard(disk, lba * SECTOR_BYTES, (lba + sectors) * SECTOR_BYTES, rest);
};

/** DATA SET MANAGEMENT, of which there is TRIM. @see ATA8-ACS, "DATA SET MANAGEMENT" */
export const trim = (disk: AtaDisk): void => {
  const blocks = disk.taskFile.count48;
  const isTrim = (disk.taskFile.features & TRIM) !== 0;
  if (!isTrim || !disk.canTrim || blocks === 0 || blocks > MAX_TRIM_BLOCKS) return disk.fail();
  if (disk.storage.readonly) return disk.fail(ABRT | WP);
  disk.dma(() => {
    const bytes = disk.memory(blocks * SECTOR_BYTES);
    disk.receive(bytes, () => {
      const ranges = rangesOf(bytes);
      if (ranges.some(({lba, sectors}) => lba + sectors > disk.sectors)) return disk.fail(IDNF);
      disk.stats.trims++;
      nextRange(disk, ranges);
    });
  });
};
