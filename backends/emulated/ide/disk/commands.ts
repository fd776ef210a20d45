import {SECTOR_COUNT} from '../ata.ts';
import type {AtaDisk} from './ata-disk.ts';
import {chosenGeometry} from './geometry.ts';
import {identifyDisk, MAX_MULTIPLE} from './identify-disk.ts';
import {readDma, readMultiple, readSectors, verify} from './read.ts';
import {setFeatures} from './set-features.ts';
import {smart} from './smart.ts';
import {trim} from './trim.ts';
import {flushCache, writeDma, writeMultiple, writeSectors} from './write.ts';

/** What a drive tells CHECK POWER MODE. */
const STANDBY = 0x00;
const ACTIVE_OR_IDLE = 0xff;

/** Does a command; it ends by itself. */
type Command = (disk: AtaDisk) => void;

const succeed: Command = (disk) => disk.succeed();

const power =
  (isStandby: boolean): Command =>
  (disk) => {
    disk.isStandby = isStandby;
    disk.succeed();
  };

const checkPowerMode: Command = (disk) => {
  disk.taskFile.set(SECTOR_COUNT, disk.isStandby ? STANDBY : ACTIVE_OR_IDLE);
  disk.succeed();
};

const setMultiple: Command = (disk) => {
  const {count} = disk.taskFile;
  const isPowerOf2 = (count & (count - 1)) === 0;
  disk.multiple = isPowerOf2 && count <= MAX_MULTIPLE ? count : 0;
  if (disk.multiple === count) disk.succeed();
  else disk.fail();
};

const initializeParameters: Command = (disk) => {
  const {head, count} = disk.taskFile;
  const geometry = chosenGeometry(disk.sectors, head + 1, count);
  if (geometry === undefined) return disk.fail();
  disk.geometry = geometry;
  disk.succeed();
};

const readNativeMax: Command = (disk) => {
  disk.taskFile.lba28 = Math.min(disk.sectors, 2 ** 28) - 1;
  disk.succeed();
};

const readNativeMaxExt: Command = (disk) => {
  disk.taskFile.lba48 = disk.sectors - 1;
  disk.succeed();
};

/** By operation code; all others are aborted. @see ATA/ATAPI-7, "Command descriptions" */
export const diskCommands: Readonly<Record<number, Command>> = {
  0x06: trim,
  0x10: succeed, // RECALIBRATE
  0x20: (disk) => readSectors(disk, 'short'),
  0x21: (disk) => readSectors(disk, 'short'),
  0x24: (disk) => readSectors(disk, 'ext'),
  0x25: (disk) => readDma(disk, 'ext'),
  0x27: readNativeMaxExt,
  0x29: (disk) => readMultiple(disk, 'ext'),
  0x30: (disk) => writeSectors(disk, 'short'),
  0x31: (disk) => writeSectors(disk, 'short'),
  0x34: (disk) => writeSectors(disk, 'ext'),
  0x35: (disk) => writeDma(disk, 'ext'),
  0x39: (disk) => writeMultiple(disk, 'ext'),
  0x3d: (disk) => writeDma(disk, 'ext', true),
  0x40: (disk) => verify(disk, 'short'),
  0x41: (disk) => verify(disk, 'short'),
  0x42: (disk) => verify(disk, 'ext'),
  0x70: (disk) => disk.withExtent('short', () => disk.succeed()), // SEEK
  0x91: initializeParameters,
  0xb0: smart,
  0xc4: (disk) => readMultiple(disk, 'short'),
  0xc5: (disk) => writeMultiple(disk, 'short'),
  0xc6: setMultiple,
  0xc8: (disk) => readDma(disk, 'short'),
  0xc9: (disk) => readDma(disk, 'short'),
  0xca: (disk) => writeDma(disk, 'short'),
  0xcb: (disk) => writeDma(disk, 'short'),
  0xce: (disk) => writeMultiple(disk, 'ext', true),
  0xe0: power(true), // STANDBY IMMEDIATE
  0xe1: power(false), // IDLE IMMEDIATE
  0xe2: power(true), // STANDBY
  0xe3: power(false), // IDLE
  0xe5: checkPowerMode,
  0xe6: power(true), // SLEEP
  0xe7: flushCache,
  0xea: flushCache,
  0xec: (disk) => disk.reply(identifyDisk(disk)),
  0xef: setFeatures,
  0xf8: readNativeMax,
};
