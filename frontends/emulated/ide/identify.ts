import * as r from './registers.ts';

/** What a disk says of itself. */
export interface DiskIdentity {
  readonly model: string;
  readonly serial: string;
  readonly sectors: number;
  readonly hasLba48: boolean;
  /** Sectors of a block of READ and WRITE MULTIPLE; 0: those are off. */
  readonly multiple: number;
  /** Of DATA SET MANAGEMENT, in blocks of 512 bytes; 0: it does not trim. */
  readonly trimBlocks: number;
}

const LBA48 = 1 << 10;
const MULTIPLE_VALID = 0x0100;
const TRIM = 1 << 0;

/** Bytes of IDENTIFY DEVICE. @see ATA/ATAPI-7 */
export const parseIdentity = (bytes: Uint8Array): DiskIdentity => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, r.SECTOR_BYTES);
  const word = (index: number): number => view.getUint16(index * 2, true);
  const text = (from: number, words: number): string => {
    const characters = Array.from({length: words * 2}, (_, at) => bytes[from * 2 + (at ^ 1)]);
    return String.fromCharCode(...characters).trim();
  };
  const hasLba48 = (word(83) & LBA48) !== 0;
  return {
    model: text(27, 20),
    serial: text(10, 10),
    sectors: hasLba48 ? view.getUint32(200, true) + word(102) * 2 ** 32 : view.getUint32(120, true),
    hasLba48,
    multiple: (word(59) & MULTIPLE_VALID) === 0 ? 0 : word(59) & 0xff,
    trimBlocks: (word(169) & TRIM) === 0 ? 0 : Math.max(1, word(105)),
  };
};
