import {type ByteSource, partOf} from './disk-reader.ts';

const SECTOR_BYTES = 512;

/** Of a master boot record. */
const TABLE = 446;
const ENTRY_BYTES = 16;
const ENTRIES = 4;
const SIGNATURE = 510;
const SIGNATURE_VALUE = 0xaa55;
const TYPE_GPT = 0xee;
const EXTENDED_TYPES = new Set([0x05, 0x0f, 0x85]);
/** Logical partitions that are looked at. */
const MAX_LOGICAL = 60;

/** Of a GUID partition table. @see UEFI specification, "GUID Partition Table Header" */
const GPT_MAGIC = 'EFI PART';
const GPT_MAX_ENTRIES = 128;
const GPT_MIN_ENTRY_BYTES = 128;
const GPT_MAX_ENTRY_BYTES = 4096;

interface MbrEntry {
  readonly type: number;
  /** In sectors. */
  readonly start: number;
  readonly sectors: number;
}

/** The partitions of a disk in the order of its table; none for a disk without a table. */
export const partitionsOf = async (disk: ByteSource): Promise<ByteSource[]> => {
  const entries = await readMbr(disk, 0);
  if (entries.some(({type}) => type === TYPE_GPT)) return gptPartitions(disk);
  const found: ByteSource[] = [];
  for (const {type, start, sectors} of entries) {
    if (EXTENDED_TYPES.has(type)) found.push(...(await logicalPartitions(disk, start)));
    else if (type !== 0) found.push(partOf(disk, start * SECTOR_BYTES, sectors * SECTOR_BYTES));
  }
  return found;
};

const readMbr = async (disk: ByteSource, sector: number): Promise<MbrEntry[]> => {
  const at = sector * SECTOR_BYTES;
  if (at + SECTOR_BYTES > disk.sizeBytes) return [];
  const record = await disk.read(at, SECTOR_BYTES);
  if (record.readUInt16LE(SIGNATURE) !== SIGNATURE_VALUE) return [];
  return Array.from({length: ENTRIES}, (_, i) => {
    const entry = TABLE + i * ENTRY_BYTES;
    return {type: record[entry + 4], start: record.readUInt32LE(entry + 8), sectors: record.readUInt32LE(entry + 12)};
  });
};

/** A chain of records in an extended partition: each names a partition, relative to itself, and the next record. */
const logicalPartitions = async (disk: ByteSource, extended: number): Promise<ByteSource[]> => {
  const found: ByteSource[] = [];
  let next: number | undefined = extended;
  while (next !== undefined && found.length < MAX_LOGICAL) {
    const record: number = next;
    const [partition, link] = await readMbr(disk, record);
    if (partition === undefined || partition.type === 0) break;
    found.push(partOf(disk, (record + partition.start) * SECTOR_BYTES, partition.sectors * SECTOR_BYTES));
    next = EXTENDED_TYPES.has(link.type) ? extended + link.start : undefined;
  }
  return found;
};

const gptPartitions = async (disk: ByteSource): Promise<ByteSource[]> => {
  const header = await disk.read(SECTOR_BYTES, SECTOR_BYTES);
  if (header.toString('latin1', 0, GPT_MAGIC.length) !== GPT_MAGIC) return [];
  const count = Math.min(header.readUInt32LE(80), GPT_MAX_ENTRIES);
  const entryBytes = header.readUInt32LE(84);
  if (entryBytes < GPT_MIN_ENTRY_BYTES || entryBytes > GPT_MAX_ENTRY_BYTES) return [];
  const table = await disk.read(Number(header.readBigUInt64LE(72)) * SECTOR_BYTES, count * entryBytes);
  const found: ByteSource[] = [];
  for (let at = 0; at < table.length; at += entryBytes) {
    const isUsed = table.subarray(at, at + 16).some((byte) => byte !== 0);
    const first = Number(table.readBigUInt64LE(at + 32));
    const last = Number(table.readBigUInt64LE(at + 40));
    if (isUsed && last >= first) found.push(partOf(disk, first * SECTOR_BYTES, (last - first + 1) * SECTOR_BYTES));
  }
  return found;
};
