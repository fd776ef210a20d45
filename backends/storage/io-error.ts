import {EIO} from '../../hypervisor/errno.ts';

/** -errno of what a function of node:fs, or a format, threw. */
export const errnoOf = (error: unknown): number => {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return typeof errno === 'number' && errno < 0 ? errno : -EIO;
};

/** An image contradicts itself: what asked for the bytes gets an I/O error, and the message says what is wrong where. */
export class CorruptImage extends Error {
  readonly errno = -EIO;

  constructor(message: string) {
    super(message);
    this.name = 'CorruptImage';
  }
}
