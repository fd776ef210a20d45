import type {TaskQueue} from '../../hypervisor/schedule/index.ts';

/** Resolves `delayNs` from now. */
export const sleep = (schedule: TaskQueue, delayNs: number): Promise<void> =>
  new Promise((resolve) => {
    schedule.after(delayNs, resolve);
  });

/** The promise's value, or undefined when it takes longer. Its timer is gone once it is settled. */
export const withTimeout = <T>(schedule: TaskQueue, timeoutNs: number, promise: Promise<T>): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    const timer = schedule.after(timeoutNs, () => resolve(undefined));
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
