import type {TaskQueue} from '../../hypervisor/schedule/index.ts';
import {StorageError, type StorageOpener} from '../storage/index.ts';

const RETRY_NS = 100e6;
const MAX_RETRIES = 100;

/** Waits for an image that somebody has to let go of first: the driver before us, whose last operations go on. */
export const patientOpener =
  (open: StorageOpener, schedule: TaskQueue): StorageOpener =>
  async (target, how) => {
    for (let retries = 0; ; retries++) {
      const storage = await open(target, how);
      if (!(storage instanceof StorageError && storage.code === 'busy') || retries === MAX_RETRIES) return storage;
      await new Promise<void>((resolve) => schedule.after(RETRY_NS, resolve));
    }
  };
