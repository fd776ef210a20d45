import {SECTOR_COUNT} from '../ata.ts';
import type {Drive} from '../drive.ts';

/** Bits of the interrupt reason. @see ATA/ATAPI-7, "Interrupt Reason" */
export const CD = 1 << 0;
export const IO = 1 << 1;

const MAX_BURST_BYTES = 0xfffe;

/** The packet's data move by PIO in bursts of at most `limit` bytes, of which an odd one can only be the last. */
const burstBytes = (left: number, limit: number): number =>
  left <= limit ? left : Math.min(limit, MAX_BURST_BYTES) & ~1;

const beginBurst = (drive: Drive, reason: number, bytes: number): void => {
  drive.taskFile.set(SECTOR_COUNT, reason);
  drive.taskFile.byteCount = bytes;
};

/** Sends bytes to the host, each burst by an interrupt; there may be none. */
export const sendBursts = (drive: Drive, bytes: Uint8Array, limit: number, then: () => void): void => {
  if (bytes.length === 0) return then();
  const length = burstBytes(bytes.length, limit);
  beginBurst(drive, IO, length);
  drive.offer(bytes.subarray(0, length), () => sendBursts(drive, bytes.subarray(length), limit, then));
};

/** Fills bytes from the host. */
export const receiveBursts = (drive: Drive, into: Uint8Array, limit: number, then: () => void): void => {
  if (into.length === 0) return then();
  const length = burstBytes(into.length, limit);
  beginBurst(drive, 0, length);
  drive.ask(into.subarray(0, length), false, () => receiveBursts(drive, into.subarray(length), limit, then));
};
