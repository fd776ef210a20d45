import {vectorOf} from '../../../storage/index.ts';
import {ABRT, SECTOR_BYTES, WP} from '../ata.ts';
import {CHUNK_BYTES} from '../drive.ts';
import type {AtaDisk} from './ata-disk.ts';
import type {Addressing, Extent} from './extent.ts';

const CHUNK_SECTORS = CHUNK_BYTES / SECTOR_BYTES;

const store = (disk: AtaDisk, extent: Extent, bytes: Uint8Array, then: () => void): void =>
  disk.operate(
    (completion) => disk.storage.write(vectorOf(bytes), extent.lba * SECTOR_BYTES, completion),
    (result) => {
      if (result !== bytes.length) return disk.failAt(extent, ABRT);
      disk.stats.writtenBytes += bytes.length;
      extent.advance(bytes.length / SECTOR_BYTES);
      then();
    },
  );

const flushStorage = (disk: AtaDisk): void =>
  disk.operate(
    (completion) => disk.storage.flush(completion),
    (result) => (result < 0 ? disk.fail() : disk.succeed()),
  );

/** Without the write cache, and of commands with FUA, all is on the medium before the command ends. */
const finish = (disk: AtaDisk, forceUnitAccess: boolean): void => {
  if (forceUnitAccess || !disk.writeCache) flushStorage(disk);
  else disk.succeed();
};

/** The host fills a block; an interrupt tells that the next can come, and that the last was taken. */
const writePioBlock = (disk: AtaDisk, extent: Extent, blockSectors: number, fua: boolean, isFirst: boolean): void => {
  const bytes = disk.memory(extent.next(blockSectors) * SECTOR_BYTES);
  disk.ask(bytes, isFirst, () =>
    store(disk, extent, bytes, () => {
      if (extent.sectors > 0) writePioBlock(disk, extent, blockSectors, fua, false);
      else finish(disk, fua);
    }),
  );
};

const writeDmaChunk = (disk: AtaDisk, extent: Extent, fua: boolean): void => {
  const bytes = disk.memory(extent.next(CHUNK_SECTORS) * SECTOR_BYTES);
  disk.receive(bytes, () =>
    store(disk, extent, bytes, () => {
      if (extent.sectors > 0) disk.later(() => writeDmaChunk(disk, extent, fua));
      else finish(disk, fua);
    }),
  );
};

const whereWritable = (disk: AtaDisk, addressing: Addressing, write: (extent: Extent) => void): void => {
  if (disk.storage.readonly) disk.fail(ABRT | WP);
  else disk.withExtent(addressing, write);
};

/** WRITE SECTOR(S). */
export const writeSectors = (disk: AtaDisk, addressing: Addressing): void =>
  whereWritable(disk, addressing, (extent) => writePioBlock(disk, extent, 1, false, true));

export const writeMultiple = (disk: AtaDisk, addressing: Addressing, fua = false): void => {
  if (disk.multiple === 0) return disk.fail();
  whereWritable(disk, addressing, (extent) => writePioBlock(disk, extent, disk.multiple, fua, true));
};

export const writeDma = (disk: AtaDisk, addressing: Addressing, fua = false): void =>
  whereWritable(disk, addressing, (extent) => disk.dma(() => writeDmaChunk(disk, extent, fua)));

/** FLUSH CACHE. */
export const flushCache = (disk: AtaDisk): void => {
  disk.stats.flushes++;
  flushStorage(disk);
};
