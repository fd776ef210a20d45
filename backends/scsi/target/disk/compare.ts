import {gather, type IoVector, slice} from '../../../storage/index.ts';
import {readBlocks} from '../block/storage-steps.ts';
import {fail, type Failure} from '../outcome.ts';
import {MISCOMPARE_DURING_VERIFY} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import type {DiskUnit} from './disk-unit.ts';

/** Blocks are compared in steps of so many bytes. */
const STEP_BYTES = 1 << 18;

const differenceAt = (a: Uint8Array, b: Uint8Array): number => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i;
  return -1;
};

/** What the medium should hold from a byte of the range on. */
export type Expected = (fromByte: number, lengthBytes: number) => Uint8Array;

export const expectData =
  (data: IoVector): Expected =>
  (from, length) =>
    gather(slice(data, from, length));

/** The same block everywhere. */
export const expectRepeated =
  (block: Uint8Array): Expected =>
  (_from, length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += block.length) bytes.set(block, at);
    return bytes;
  };

/**
 * Reads blocks of the medium and compares them where something is expected. Says at which byte the first difference is:
 * INFORMATION of the miscompare.
 */
export const verifyBlocks = async (
  unit: DiskUnit,
  task: Task,
  {lba, blocks}: {lba: number; blocks: number},
  expected?: Expected,
): Promise<Failure | undefined> => {
  const step = STEP_BYTES / unit.blockBytes;
  for (let done = 0; done < blocks && !task.aborted; done += step) {
    const found = await readBlocks(unit, lba + done, Math.min(step, blocks - done));
    if (!(found instanceof Uint8Array)) return found;
    const from = done * unit.blockBytes;
    const wrong = expected === undefined ? -1 : differenceAt(expected(from, found.length), found);
    if (wrong >= 0) return fail(MISCOMPARE_DURING_VERIFY, {information: from + wrong});
  }
  return undefined;
};
