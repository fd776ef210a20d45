import {ENOSPC} from '../../../../hypervisor/errno.ts';
import {type Answer, fail, type Outcome} from '../outcome.ts';
import {END_OF_MEDIUM_OVERFLOW, MEDIUM_NOT_PRESENT, WRITE_ERROR} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import {type Cartridge, TapeWriteFailure} from './cartridge.ts';
import type {TapeUnit} from './tape-unit.ts';

const sayFailure = (tape: TapeUnit, error: unknown): Outcome => {
  if (!(error instanceof TapeWriteFailure)) throw error;
  tape.position = tape.cartridge?.count ?? 0;
  // What failed may have been written by a command that had ended.
  return error.errno === -ENOSPC
    ? fail(END_OF_MEDIUM_OVERFLOW, {deferred: true, endOfMedium: true})
    : fail(WRITE_ERROR, {deferred: true});
};

/** A command that needs a tape. */
export const onTape =
  (run: (tape: TapeUnit, task: Task, cartridge: Cartridge) => Answer) =>
  (tape: TapeUnit, task: Task): Answer => {
    const {cartridge, notReady} = tape;
    if (notReady !== undefined || cartridge === undefined) return notReady ?? fail(MEDIUM_NOT_PRESENT);
    const answer = run(tape, task, cartridge);
    return answer instanceof Promise ? answer.catch((error: unknown) => sayFailure(tape, error)) : answer;
  };
