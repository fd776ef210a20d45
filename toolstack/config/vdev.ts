import {strtol, strtoul} from './c-numbers.ts';

/**
 * Guest device numbers. @see xen-vbd-interface(7): 202<<8|disk<<4|part for up to 16 disks of 16 partitions,
 * 1<<28|disk<<8|part beyond, and the Linux major and minor for hd and sd names.
 */
const XVD_MAJOR = 202;
const EXTENDED = 1 << 28;
const EXTENDED_DISKS = 1 << 20;
const EXTENDED_PARTITIONS = 256;
const SMALL_DISKS = 16;
const SMALL_PARTITIONS = 16;
const IDE_MAJORS = [3, 22];
const SCSI_MAJOR = 8;
const INT_MAX = 2n ** 31n - 1n;

type Place = {disk: number; partition: number};

/** The number of a virtual device name (`xvda`, `hdc1`, `d3p2`, `51712`, `0xca00`); undefined when it is none. */
export const vdevToNumber = (name: string): number | undefined => {
  const xvd = parseDiskPartition(name) ?? parseLetters(name, 'xvd', EXTENDED_DISKS, EXTENDED_PARTITIONS);
  if (xvd !== undefined) return xvdNumber(xvd);
  const verbatim = strtoul(name, 0);
  if (verbatim.length === name.length && verbatim.value <= INT_MAX) return Number(verbatim.value);
  const ide = parseLetters(name, 'hd', 4, 64);
  if (ide !== undefined) return (IDE_MAJORS[ide.disk >> 1] << 8) | ((ide.disk & 1) << 6) | ide.partition;
  const scsi = parseLetters(name, 'sd', 16, 16);
  return scsi && (SCSI_MAJOR << 8) | (scsi.disk << 4) | scsi.partition;
};

/** Which disk of its kind a device is, from 0: `hdc`, `xvdc` and `sdc` are 2. Undefined when the name is none. */
export const vdevToDisk = (name: string): number | undefined => {
  const number = vdevToNumber(name);
  if (number === undefined) return undefined;
  if ((number & EXTENDED) !== 0) return (number & ~EXTENDED) >>> 8;
  const cable = IDE_MAJORS.indexOf(number >>> 8);
  return cable === -1 ? (number & 0xff) >>> 4 : cable * 2 + ((number >>> 6) & 1);
};

/** The name of a device number. Always `xvd...`: the real tools ignore the major too, so hda comes back as xvda. */
export const numberToVdev = (number: number): string => {
  const extended = (number & EXTENDED) !== 0;
  const minor = extended ? number & ~EXTENDED : number & 0xff;
  const partitions = extended ? EXTENDED_PARTITIONS : SMALL_PARTITIONS;
  const partition = minor % partitions;
  return `xvd${diskLetters(Math.floor(minor / partitions))}${partition === 0 ? '' : partition}`;
};

const xvdNumber = ({disk, partition}: Place): number =>
  disk < SMALL_DISKS && partition < SMALL_PARTITIONS
    ? (XVD_MAJOR << 8) | (disk << 4) | partition
    : EXTENDED | (disk << 8) | partition;

const DISK_PARTITION = /^d([^p]+)p(.+)$/s;

/** `d<disk>p<partition>`. */
const parseDiskPartition = (name: string): Place | undefined => {
  const match = DISK_PARTITION.exec(name);
  if (match === null) return undefined;
  const disk = scanInt(match[1]);
  const partition = scanInt(match[2]);
  if (disk === undefined || partition === undefined) return undefined;
  const fits = disk >= 0 && disk < EXTENDED_DISKS && partition >= 0 && partition < EXTENDED_PARTITIONS;
  return fits ? {disk, partition} : undefined;
};

/** scanf's %i over a whole text; unlike strtol it swallows a 0x that no digit follows. */
const scanInt = (text: string): number | undefined => {
  if (/^[ \t\n\v\f\r]*[+-]?0[xX]$/.test(text)) return 0;
  const {value, length} = strtol(text, 0);
  return length > 0 && length === text.length ? Number(BigInt.asIntN(32, value)) : undefined;
};

/** A prefix, at least one letter, and an optional partition from 1 without leading zeros. */
const parseLetters = (name: string, prefix: string, disks: number, partitions: number): Place | undefined => {
  if (!name.startsWith(prefix)) return undefined;
  const match = /^([a-z]+)([1-9][0-9]*)?$/.exec(name.slice(prefix.length));
  if (match === null) return undefined;
  const disk = lettersToDisk(match[1], disks);
  const partition = Number(match[2] ?? 0);
  return disk < disks && partition < partitions ? {disk, partition} : undefined;
};

/** a..z, aa..az, ba...: bijective base 26, from 0. Stops counting at `limit`. */
const lettersToDisk = (letters: string, limit: number): number => {
  let disk = -1;
  for (const letter of letters) {
    disk = (disk + 1) * 26 + letter.charCodeAt(0) - 'a'.charCodeAt(0);
    if (disk >= limit) break;
  }
  return disk;
};

const diskLetters = (disk: number): string => {
  const last = String.fromCharCode('a'.charCodeAt(0) + (disk % 26));
  return disk < 26 ? last : diskLetters(Math.floor(disk / 26) - 1) + last;
};
