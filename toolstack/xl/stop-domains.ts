import type {DaemonClient} from '../daemon/client.ts';
import {ToolstackError} from '../errors.ts';
import type {ShutdownTrigger} from '../host/api.ts';
import {EXIT_FAILURE, type Options, type Xl} from './command.ts';
import {findDomain} from './find-domain.ts';
import {libxlRc, orFail} from './libxl-errors.ts';

interface Kind {
  readonly trigger: ShutdownTrigger;
  readonly doing: string;
  readonly command: string;
}

/** xl shutdown and xl reboot. -F is for guests without PV drivers, of which there are none. */
export const stopDomains = async (
  xl: Xl,
  options: Options,
  [domain]: readonly string[],
  kind: Kind,
): Promise<number> => {
  if (domain === undefined && !options.has('a')) {
    xl.complain('You must specify -a or a domain id.\n');
    return EXIT_FAILURE;
  }
  const domids = options.has('a') ? await allGuests(xl) : [await findDomain(xl, domain)];
  const client = await xl.client();
  // Asked for before the domains know of their end: none can be missed.
  const ends = options.has('w') ? domids.map((domid) => awaitEnd(client, domid, options.count('w') > 1)) : [];
  const outcomes = await Promise.allSettled(domids.map((domid) => stopDomain(xl, client, domid, kind)));
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map(({reason}) => reason as unknown);
  for (const failure of failures) {
    if (!(failure instanceof ToolstackError)) throw failure;
    xl.complain(failure.message);
  }
  if (failures.length > 0) return EXIT_FAILURE;
  if (options.has('w')) await report(xl, ends);
  return 0;
};

const allGuests = async (xl: Xl): Promise<number[]> => {
  const client = await xl.client();
  const domains = await client.call('domain.list', {});
  return domains.map(({domid}) => domid as number).filter((domid) => domid !== 0);
};

const stopDomain = async (xl: Xl, client: DaemonClient, domid: number, kind: Kind): Promise<void> => {
  xl.complain(`${kind.doing} domain ${domid}`);
  await orFail(
    client.call('domain.shutdown', {domid, trigger: kind.trigger}),
    (error) => `${kind.command} failed (rc=${libxlRc(error)})`,
  );
};

/** The line that tells of a domain's end. */
const awaitEnd = async (client: DaemonClient, domid: number, deathOnly: boolean): Promise<string> => {
  const reason = deathOnly ? null : await client.call('domain.waitShutdown', {domid});
  if (deathOnly) await client.call('domain.waitDestroyed', {domid});
  return reason === null
    ? `Domain ${domid} has been destroyed`
    : `Domain ${domid} has been shut down, reason code ${reason}`;
};

const report = async (xl: Xl, ends: readonly Promise<string>[]): Promise<void> => {
  xl.complain(`Waiting for ${ends.length} domains`);
  await Promise.all(ends.map(async (end) => xl.complain(await end)));
};
