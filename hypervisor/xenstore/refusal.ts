import {XS_ERRNOS, type XsErrno} from './wire.ts';

/** Why the store did not do what a client asked: a value, never an exception. */
export class Refusal {
  readonly errno: XsErrno;

  constructor(errno: XsErrno) {
    this.errno = errno;
  }

  toString(): string {
    return this.errno;
  }
}

/** One refusal an error, so that a comparison by identity tells them apart. */
export const refuse = Object.fromEntries(XS_ERRNOS.map((errno) => [errno, new Refusal(errno)])) as {
  readonly [Errno in XsErrno]: Refusal;
};
