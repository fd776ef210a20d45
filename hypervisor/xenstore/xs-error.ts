import type {XsErrno} from './wire.ts';

/** A request that the store refused, or that its transport lost (EIO). */
export class XsError extends Error {
  readonly errno: XsErrno;
  /** What the request was about: a path, mostly. */
  readonly path: string;

  constructor(errno: XsErrno, path: string) {
    super(`xenstore: ${path}: ${errno}`);
    this.name = 'XsError';
    this.errno = errno;
    this.path = path;
  }
}
