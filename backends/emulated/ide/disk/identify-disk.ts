import {identifyData} from '../identify.ts';
import type {AtaDisk} from './ata-disk.ts';
import {chsSectors} from './geometry.ts';

export const MAX_MULTIPLE = 16;
/** Of DATA SET MANAGEMENT. */
export const MAX_TRIM_BLOCKS = 8;

const MAX_LBA28 = 0x0fff_ffff;
const CYCLE_NS = 120;

/** Words 82 to 84, and 85 to 87 where they are in force. */
const SMART = 1 << 0;
const WRITE_CACHE = 1 << 5;
const LOOK_AHEAD = 1 << 6;
const LBA48 = 1 << 10;
const FLUSH_CACHE = 1 << 12;
const FLUSH_CACHE_EXT = 1 << 13;
const WRITE_FUA = 1 << 6;
const VALID = 1 << 14;

const LONG_COMMANDS = FLUSH_CACHE_EXT | FLUSH_CACHE | LBA48;

const capacity = ({sectors}: AtaDisk): Record<number, number> => {
  const short = Math.min(sectors, MAX_LBA28);
  const high = Math.floor(sectors / 2 ** 32);
  return {60: short, 61: short >>> 16, 100: sectors % 2 ** 16, 101: sectors >>> 16, 102: high, 103: high >>> 16};
};

const geometry = ({defaultGeometry, geometry: current}: AtaDisk): Record<number, number> => {
  const reached = chsSectors(current);
  return {
    1: defaultGeometry.cylinders,
    3: defaultGeometry.heads,
    6: defaultGeometry.sectorsPerTrack,
    54: current.cylinders,
    55: current.heads,
    56: current.sectorsPerTrack,
    57: reached,
    58: reached >>> 16,
  };
};

/** Reads of what was trimmed give zeroes. */
const trim: Readonly<Record<number, number>> = {69: (1 << 14) | (1 << 5), 105: MAX_TRIM_BLOCKS, 169: 1};

/** @see ATA/ATAPI-7, "IDENTIFY DEVICE" */
export const identifyDisk = (disk: AtaDisk): Uint8Array =>
  identifyData(
    {
      0: 0x0040, // Not removable.
      ...geometry(disk),
      47: 0x8000 | MAX_MULTIPLE,
      48: 1, // Data takes accesses of 32 bits.
      49: 0x0b00, // IORDY, LBA, DMA.
      50: VALID,
      51: 0x0200,
      53: 7, // Words 54 to 58, 64 to 70 and 88 mean something.
      59: disk.multiple === 0 ? 0 : 0x0100 | disk.multiple,
      ...capacity(disk),
      63: disk.transferMode.multiwordDma,
      64: 3, // PIO modes 3 and 4.
      65: CYCLE_NS,
      66: CYCLE_NS,
      67: CYCLE_NS,
      68: CYCLE_NS,
      80: 0x00f0, // ATA/ATAPI-4 to ATA/ATAPI-7.
      82: VALID | LOOK_AHEAD | WRITE_CACHE | SMART,
      83: VALID | LONG_COMMANDS,
      84: VALID | WRITE_FUA,
      85: VALID | LOOK_AHEAD | (disk.writeCache ? WRITE_CACHE : 0) | (disk.smartEnabled ? SMART : 0),
      86: LONG_COMMANDS,
      87: VALID | WRITE_FUA,
      88: disk.transferMode.ultraDma,
      93: 0x6001, // A cable with 80 wires; diagnostics passed.
      ...(disk.canTrim ? trim : {}),
    },
    disk.names,
  );
