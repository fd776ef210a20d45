import {readFileSync} from 'node:fs';

export interface TapRecord {
  /** 0: a tape mark. */
  readonly length: number;
  readonly data: Buffer;
}

/** What a tape's file holds, by the description of SIMH's format alone. */
export const tapRecords = (path: string): TapRecord[] => {
  const bytes = readFileSync(path);
  const records: TapRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at);
    const padded = length + (length % 2);
    records.push({length, data: bytes.subarray(at + 4, at + 4 + length)});
    if (length > 0 && bytes.readUInt32LE(at + 4 + padded) !== length) throw new Error(`record at ${at}`);
    at += length === 0 ? 4 : 8 + padded;
  }
  return records;
};
