import {filter, firstValueFrom, map, merge, Observable} from 'rxjs';
import {SHUTDOWN_suspend} from '../../hypervisor/abi/sched.ts';
import type {DomId, Hypervisor} from '../../hypervisor/index.ts';
import {NS_PER_S, type Schedule} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../errors.ts';

/** libxl's patience with a guest: to take the request, and then to suspend. */
const TIMEOUT_NS = 60 * NS_PER_S;

export interface SuspendParts {
  readonly clock: Schedule;
  readonly xen: Hypervisor;
  readonly xs: XsClient;
}

/** SHUTDOWN_* of the guest, or why there is none. */
type Outcome = number | 'destroyed' | 'deaf' | 'late';

/** Asks a guest to suspend and waits until it has. Throws ToolstackError in libxl's words; the guest goes on then. */
export const suspendGuest = async (parts: SuspendParts, domid: DomId): Promise<void> => {
  const node = `/local/domain/${domid}/control/shutdown`;
  // Before the request: a guest may be quicker than its answer.
  const outcome = firstValueFrom(merge(endOf(parts, domid), patience(parts, node)));
  await parts.xs.write(node, 'suspend');
  const reached = await outcome;
  if (reached === SHUTDOWN_suspend) return;
  const [code, reason] = failures[reached] ?? [
    'EIO',
    `guest we were suspending has shut down with unexpected reason code ${reached}`,
  ];
  throw new ToolstackError(code, `libxl: error: Domain ${domid}:${reason}`);
};

const failures: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  destroyed: ['ESRCH', 'guest we were suspending has been destroyed'],
  deaf: ['ETIMEDOUT', "guest didn't acknowledge suspend, cancelling request"],
  late: ['ETIMEDOUT', 'guest did not suspend, timed out'],
};

const endOf = ({xen}: SuspendParts, domid: DomId): Observable<Outcome> =>
  xen.domainEvents.pipe(
    filter((event) => event.domid === domid && (event.type === 'shutdown' || event.type === 'dying')),
    map(({type, info}) => (type === 'dying' ? 'destroyed' : (info.shutdownReason ?? 'destroyed'))),
  );

/** A guest that has not taken the request in time loses it; one that has gets as much time again. */
const patience = ({clock, xs}: SuspendParts, node: string): Observable<Outcome> =>
  new Observable((subscriber) => {
    let timer = clock.after(TIMEOUT_NS, () => {
      void withdraw(xs, node).then((withdrawn) => {
        if (withdrawn) subscriber.next('deaf');
        else timer = clock.after(TIMEOUT_NS, () => subscriber.next('late'));
      });
    });
    return () => timer.cancel();
  });

/** False when the guest has taken the request, and be it at this very moment. */
const withdraw = (xs: XsClient, node: string): Promise<boolean> =>
  xs.transaction(async (tx) => {
    if ((await xs.read(node, tx)) !== 'suspend') return false;
    await xs.write(node, '', tx);
    return true;
  });
