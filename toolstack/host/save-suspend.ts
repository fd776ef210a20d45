import {filter, firstValueFrom, map, merge, Observable, take} from 'rxjs';
import {SHUTDOWN_suspend} from '../../hypervisor/abi/sched.ts';
import type {DomId, Hypervisor} from '../../hypervisor/index.ts';
import {NS_PER_S, type Schedule} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../errors.ts';
import {waitForNode} from './wait.ts';

/** libxl's patience with a guest: to take the request, and then to suspend. */
const TIMEOUT_NS = 60 * NS_PER_S;

export interface SuspendParts {
  readonly clock: Schedule;
  readonly xen: Hypervisor;
  readonly xs: XsClient;
}

/** Asks a guest to suspend and waits until it has. Throws ToolstackError in libxl's words; the guest goes on then. */
export const suspendGuest = async ({clock, xen, xs}: SuspendParts, domid: DomId): Promise<void> => {
  const refuse = (code: string, reason: string): ToolstackError =>
    new ToolstackError(code, `libxl: error: Domain ${domid}:${reason}`);
  // Before the request: a guest may be quicker than its answer.
  const end = firstValueFrom(shutdownOf({clock, xen}, domid));
  const node = `/local/domain/${domid}/control/shutdown`;
  await xs.write(node, 'suspend');
  const taken = (value: string | undefined): boolean => value !== 'suspend';
  if (!(await waitForNode(clock, xs, node, taken, TIMEOUT_NS)) && (await withdraw(xs, node))) {
    throw refuse('ETIMEDOUT', "guest didn't acknowledge suspend, cancelling request");
  }
  const reason = await end;
  if (reason === 'gone') throw refuse('ESRCH', 'guest we were suspending has been destroyed');
  if (reason === 'late') throw refuse('ETIMEDOUT', 'guest did not suspend, timed out');
  if (reason !== SHUTDOWN_suspend) {
    throw refuse('EIO', `guest we were suspending has shut down with unexpected reason code ${reason}`);
  }
};

type Outcome = number | 'gone' | 'late';

/** SHUTDOWN_* of the domain, or why there is none within twice the timeout. */
const shutdownOf = ({clock, xen}: Pick<SuspendParts, 'clock' | 'xen'>, domid: DomId): Observable<Outcome> => {
  const over = xen.domainEvents.pipe(
    filter((event) => event.domid === domid && ['shutdown', 'dying'].includes(event.type)),
    map(({type, info}): Outcome => (type === 'dying' ? 'gone' : (info.shutdownReason ?? 'gone'))),
  );
  const late = new Observable<Outcome>((subscriber) => {
    const timer = clock.after(2 * TIMEOUT_NS, () => subscriber.next('late'));
    return () => timer.cancel();
  });
  return merge(over, late).pipe(take(1));
};

/** False when the guest takes the request at this very moment. */
const withdraw = (xs: XsClient, node: string): Promise<boolean> =>
  xs.transaction(async (tx) => {
    if ((await xs.read(node, tx)) !== 'suspend') return false;
    await xs.write(node, '', tx);
    return true;
  });
