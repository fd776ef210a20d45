import {EIO} from '../../hypervisor/errno.ts';
import type {Storage} from '../storage/index.ts';

/** What is behind an empty drive: a disk without sectors. */
export const noMedium: Storage = {
  sizeBytes: 0,
  readonly: true,
  discardGranularity: 0,
  read: () => -EIO,
  write: () => -EIO,
  flush: () => 0,
  discard: () => -EIO,
  close: () => undefined,
  toString: () => 'no medium',
};
