import {EIO} from '../../../../hypervisor/errno.ts';
import type {Storage} from '../../../storage/index.ts';

/** In place of a storage, where there is none. */
export const noMedium: Storage = {
  sizeBytes: 0,
  readonly: true,
  discardGranularity: 0,
  read: () => -EIO,
  write: () => -EIO,
  flush: () => -EIO,
  discard: () => -EIO,
  close: () => undefined,
  toString: () => 'no medium',
};
