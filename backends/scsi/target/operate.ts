import {type Completion, PENDING} from '../../storage/index.ts';
import type {Answer} from './outcome.ts';

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
