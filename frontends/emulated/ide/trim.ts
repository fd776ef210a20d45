import {SECTOR_BYTES} from './registers.ts';

const ENTRY_BYTES = 8;
const ENTRIES_PER_BLOCK = SECTOR_BYTES / ENTRY_BYTES;
const MAX_ENTRY_SECTORS = 65535;

/** What DATA SET MANAGEMENT is sent for a range: as many lists, of up to `maxBlocks` blocks each, as it takes. */
export const trimLists = (lba: number, sectors: number, maxBlocks: number): Uint8Array[] => {
  const lists: Uint8Array[] = [];
  const listSectors = maxBlocks * ENTRIES_PER_BLOCK * MAX_ENTRY_SECTORS;
  for (let done = 0; done < sectors; done += listSectors) {
    lists.push(trimList(lba + done, Math.min(listSectors, sectors - done)));
  }
  return lists;
};

const trimList = (lba: number, sectors: number): Uint8Array => {
  const entries = Math.ceil(sectors / MAX_ENTRY_SECTORS);
  const bytes = new Uint8Array(Math.ceil(entries / ENTRIES_PER_BLOCK) * SECTOR_BYTES);
  const view = new DataView(bytes.buffer);
  for (let entry = 0; entry < entries; entry++) {
    const first = lba + entry * MAX_ENTRY_SECTORS;
    view.setUint32(entry * ENTRY_BYTES, first % 2 ** 32, true);
    view.setUint16(entry * ENTRY_BYTES + 4, Math.floor(first / 2 ** 32), true);
    view.setUint16(entry * ENTRY_BYTES + 6, Math.min(MAX_ENTRY_SECTORS, lba + sectors - first), true);
  }
  return bytes;
};
