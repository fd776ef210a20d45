import {vectorOf} from '../../../storage/index.ts';
import {SECTOR_BYTES, UNC} from '../ata.ts';
import {CHUNK_BYTES} from '../drive.ts';
import type {AtaDisk} from './ata-disk.ts';
import type {Addressing, Extent} from './extent.ts';

const CHUNK_SECTORS = CHUNK_BYTES / SECTOR_BYTES;

/** Fills the drive's memory from the next sectors of the extent. */
const fetch = (disk: AtaDisk, extent: Extent, sectors: number, then: (bytes: Uint8Array) => void): void => {
  const bytes = disk.memory(sectors * SECTOR_BYTES);
  disk.operate(
    (completion) => disk.storage.read(vectorOf(bytes), extent.lba * SECTOR_BYTES, completion),
    (result) => {
      if (result !== bytes.length) return disk.failAt(extent, UNC);
      disk.stats.readBytes += bytes.length;
      then(bytes);
    },
  );
};

/** One block for each interrupt; there is none after the last. */
const readPioBlock = (disk: AtaDisk, extent: Extent, blockSectors: number): void => {
  const sectors = extent.next(blockSectors);
  fetch(disk, extent, sectors, (bytes) => {
    disk.offer(bytes, () => {
      extent.advance(sectors);
      if (extent.sectors > 0) readPioBlock(disk, extent, blockSectors);
      else disk.endQuietly();
    });
  });
};

const readDmaChunk = (disk: AtaDisk, extent: Extent): void => {
  const sectors = extent.next(CHUNK_SECTORS);
  fetch(disk, extent, sectors, (bytes) => {
    disk.send(bytes, () => {
      extent.advance(sectors);
      if (extent.sectors > 0) disk.later(() => readDmaChunk(disk, extent));
      else disk.succeed();
    });
  });
};

const verifyChunk = (disk: AtaDisk, extent: Extent): void => {
  const sectors = extent.next(CHUNK_SECTORS);
  fetch(disk, extent, sectors, () => {
    extent.advance(sectors);
    if (extent.sectors > 0) disk.later(() => verifyChunk(disk, extent));
    else disk.succeed();
  });
};

/** READ SECTOR(S). */
export const readSectors = (disk: AtaDisk, addressing: Addressing): void =>
  disk.withExtent(addressing, (extent) => readPioBlock(disk, extent, 1));

export const readMultiple = (disk: AtaDisk, addressing: Addressing): void => {
  if (disk.multiple === 0) return disk.fail();
  disk.withExtent(addressing, (extent) => readPioBlock(disk, extent, disk.multiple));
};

export const readDma = (disk: AtaDisk, addressing: Addressing): void =>
  disk.withExtent(addressing, (extent) => disk.dma(() => readDmaChunk(disk, extent)));

/** READ VERIFY SECTOR(S): nothing is sent. */
export const verify = (disk: AtaDisk, addressing: Addressing): void =>
  disk.withExtent(addressing, (extent) => verifyChunk(disk, extent));
