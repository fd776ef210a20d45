import {ENOSPC} from '../../../../hypervisor/errno.ts';
import {type Completion, PENDING, vectorOf} from '../../../storage/index.ts';
import {type Answer, fail, type Failure, type Outcome} from '../outcome.ts';
import {SPACE_ALLOCATION_FAILED, UNRECOVERED_READ_ERROR, WRITE_ERROR} from '../sense-codes.ts';
import type {BlockUnit} from './block-unit.ts';

class Wait implements Completion {
  private settle: ((result: number) => void) | undefined;

  complete(result: number): void {
    this.settle?.(result);
  }

  /** To be asked for in the turn in which the operation began. */
  get result(): Promise<number> {
    return new Promise((settle) => (this.settle = settle));
  }
}

/** Begins an operation of a storage; returns its result, or a promise where it goes on. */
export const operate = (begin: (completion: Completion) => number): number | Promise<number> => {
  const wait = new Wait();
  const result = begin(wait);
  return result === PENDING ? wait.result : result;
};

/** What follows on a result: at once if it is there. */
export const after = <T>(result: T | Promise<T>, next: (value: T) => Answer): Answer =>
  result instanceof Promise ? result.then(next) : next(result);

/** What follows on an outcome that is no failure. */
export const andThen = (answer: Answer, next: (transferBytes: number) => Answer): Answer =>
  after(answer, (outcome) => (typeof outcome === 'number' ? next(outcome) : outcome));

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
