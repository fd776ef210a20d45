import {SECTOR_BYTES} from './ata.ts';

const INTEGRITY_SIGNATURE = 0xa5;

/** What drives say of themselves: up to 20, 8 and 40 characters of ASCII. */
export interface DriveNames {
  readonly serial: string;
  readonly firmware: string;
  readonly model: string;
}

/** Bytes of IDENTIFY: words by their number, and the checksum. @see ATA/ATAPI-7, "IDENTIFY DEVICE" */
export const identifyData = (words: Readonly<Record<number, number>>, names: DriveNames): Uint8Array => {
  const bytes = new Uint8Array(SECTOR_BYTES);
  for (const [word, value] of Object.entries(words)) {
    bytes[Number(word) * 2] = value;
    bytes[Number(word) * 2 + 1] = value >>> 8;
  }
  putText(bytes, 10, 20, names.serial);
  putText(bytes, 23, 8, names.firmware);
  putText(bytes, 27, 40, names.model);
  bytes[510] = INTEGRITY_SIGNATURE;
  bytes[511] = -bytes.reduce((sum, byte) => sum + byte, 0);
  return bytes;
};

/** Text is padded with spaces, and the first character of each word is its high byte. */
const putText = (bytes: Uint8Array, word: number, length: number, text: string): void => {
  const padded = text.padEnd(length).slice(0, length);
  for (let at = 0; at < length; at++) bytes[word * 2 + (at ^ 1)] = padded.charCodeAt(at);
};
