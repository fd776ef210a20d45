import {concatMap, filter, firstValueFrom, map, Observable, take} from 'rxjs';
import type {Schedule} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';

/** The value of a node now and whenever it may have changed; undefined while it does not exist. */
export const nodeValues = (xs: XsClient, path: string): Observable<string | undefined> =>
  xs.watch(path).pipe(concatMap(() => xs.read(path)));

/** Resolves true once the node's value is accepted, false when that takes longer than `timeoutNs` of host time. */
export const waitForNode = (
  clock: Schedule,
  xs: XsClient,
  path: string,
  accepts: (value: string | undefined) => boolean,
  timeoutNs: number,
): Promise<boolean> => {
  const accepted = nodeValues(xs, path).pipe(
    filter(accepts),
    map(() => true),
  );
  return firstValueFrom(orTimeout(clock, accepted, timeoutNs), {defaultValue: false});
};

/** The first value, or false after `timeoutNs`. RxJS's own timers run by the machine's clock. */
const orTimeout = (clock: Schedule, source: Observable<boolean>, timeoutNs: number): Observable<boolean> =>
  new Observable((subscriber) => {
    const timer = clock.after(timeoutNs, () => {
      subscriber.next(false);
      subscriber.complete();
    });
    const subscription = source.pipe(take(1)).subscribe(subscriber);
    return () => {
      timer.cancel();
      subscription.unsubscribe();
    };
  });
