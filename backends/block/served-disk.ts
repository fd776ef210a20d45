import type {Storage} from '../storage/index.ts';
import type {DiskLimits} from './check.ts';

/** What queues serve: replaced as a whole when the medium changes or the image gets another size. */
export interface ServedDisk {
  storage: Storage;
  limits: DiskLimits;
}
