import {ENOSPC} from '../../../../hypervisor/errno.ts';
import {vectorOf} from '../../../storage/index.ts';
import {after, operate} from '../operate.ts';
import {type Answer, fail, type Failure, type Outcome} from '../outcome.ts';
import {SPACE_ALLOCATION_FAILED, UNRECOVERED_READ_ERROR, WRITE_ERROR} from '../sense-codes.ts';
import type {BlockUnit} from './block-unit.ts';

export const readFailure = (lba: number): Failure => fail(UNRECOVERED_READ_ERROR, {information: lba});

export const writeFailure = (result: number, lba: number): Failure =>
  result === -ENOSPC ? fail(SPACE_ALLOCATION_FAILED) : fail(WRITE_ERROR, {information: lba});

/** Blocks as bytes of our own; a failure if they cannot be read. */
export const readBlocks = async (unit: BlockUnit, lba: number, blocks: number): Promise<Uint8Array | Failure> => {
  const bytes = new Uint8Array(blocks * unit.blockBytes);
  const position = lba * unit.blockBytes;
  const result = await operate((completion) => unit.storage.read(vectorOf(bytes), position, completion));
  return result === bytes.length ? bytes : readFailure(lba);
};

/** Writes bytes of our own; a failure if they cannot be written. */
export const writeBlocks = async (unit: BlockUnit, lba: number, bytes: Uint8Array): Promise<Failure | undefined> => {
  const position = lba * unit.blockBytes;
  const result = await operate((completion) => unit.storage.write(vectorOf(bytes), position, completion));
  return result === bytes.length ? undefined : writeFailure(result, lba);
};

/** Clears blocks, in as many steps as it takes. */
export const discardBlocks = async (unit: BlockUnit, lba: number, blocks: number): Promise<Failure | undefined> => {
  const end = (lba + blocks) * unit.blockBytes;
  for (let position = lba * unit.blockBytes; position < end;) {
    const from = position;
    const done = await operate((completion) => unit.storage.discard(from, end - from, completion));
    if (done <= 0) return writeFailure(done, Math.floor(position / unit.blockBytes));
    position += done;
  }
  return undefined;
};

/** Puts what was written on stable storage. */
export const flush = (unit: BlockUnit, transferBytes = 0): Answer =>
  after(
    operate((completion) => unit.storage.flush(completion)),
    (result): Outcome => (result < 0 ? writeFailure(result, 0) : transferBytes),
  );
