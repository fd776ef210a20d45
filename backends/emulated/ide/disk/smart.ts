import {SECTOR_BYTES} from '../ata.ts';
import type {AtaDisk} from './ata-disk.ts';

const REVISION = 16;
const THRESHOLD_OF: Readonly<Record<number, number>> = {0x01: 6, 0x05: 36, 0x09: 0, 0x0c: 0};
const ATTRIBUTE_BYTES = 12;
const PRE_FAIL = 0x03;
const WELL = 100;
const CHECKSUM_AT = SECTOR_BYTES - 1;

/** A table of 30 attributes, of which we have a few, and the checksum that makes all bytes add up to 0. */
const attributeTable = (fill: (bytes: Uint8Array, at: number, id: number, threshold: number) => void): Uint8Array => {
  const bytes = new Uint8Array(SECTOR_BYTES);
  bytes[0] = REVISION;
  Object.entries(THRESHOLD_OF).forEach(([id, threshold], index) => {
    fill(bytes, 2 + index * ATTRIBUTE_BYTES, Number(id), threshold);
  });
  bytes[CHECKSUM_AT] = -bytes.reduce((sum, byte) => sum + byte, 0);
  return bytes;
};

const readData = (disk: AtaDisk): void =>
  disk.reply(attributeTable((bytes, at, id) => bytes.set([id, PRE_FAIL, 0, WELL, WELL], at)));

const readThresholds = (disk: AtaDisk): void =>
  disk.reply(attributeTable((bytes, at, id, threshold) => bytes.set([id, threshold], at)));

/** LBA Mid and High stay as they were given: no threshold is exceeded. */
const returnStatus = (disk: AtaDisk): void => disk.succeed();

const setEnabled =
  (enabled: boolean) =>
  (disk: AtaDisk): void => {
    disk.smartEnabled = enabled;
    disk.succeed();
  };

/** By Features. @see ATA/ATAPI-7, "SMART Function Set" */
const functions: Readonly<Record<number, (disk: AtaDisk) => void>> = {
  0xd0: readData,
  0xd1: readThresholds,
  0xd2: (disk) => disk.succeed(), // Attribute autosave: there is nothing to save.
  0xd8: setEnabled(true),
  0xd9: setEnabled(false),
  0xda: returnStatus,
};

const ENABLE = 0xd8;
/** What LBA High and LBA Mid have to be. */
const KEY = 0xc24f;

export const smart = (disk: AtaDisk): void => {
  const {taskFile} = disk;
  const act = functions[taskFile.features];
  const isAllowed = taskFile.cylinder === KEY && (disk.smartEnabled || taskFile.features === ENABLE);
  if (act === undefined || !isAllowed) return disk.fail();
  act(disk);
};
