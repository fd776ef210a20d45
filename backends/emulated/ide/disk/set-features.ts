import type {AtaDisk} from './ata-disk.ts';
import {flushCache} from './write.ts';

const nothing = (disk: AtaDisk): void => disk.succeed();

/** By Features. @see ATA/ATAPI-7, "SET FEATURES" */
const features: Readonly<Record<number, (disk: AtaDisk) => void>> = {
  0x02: (disk) => {
    disk.writeCache = true;
    disk.succeed();
  },
  0x03: (disk) => (disk.transferMode.set(disk.taskFile.count) ? disk.succeed() : disk.fail()),
  0x55: nothing, // Look-ahead off and, below, on: nothing is kept of what was read.
  0xaa: nothing,
  0x66: nothing, // Resets restore what was set, or not: they do not here.
  0xcc: nothing,
  0x82: (disk) => {
    disk.writeCache = false;
    flushCache(disk);
  },
};

export const setFeatures = (disk: AtaDisk): void => {
  const act = features[disk.taskFile.features];
  if (act === undefined) disk.fail();
  else act(disk);
};
