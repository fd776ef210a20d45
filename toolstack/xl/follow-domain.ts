import {setTimeout as sleep} from 'node:timers/promises';
import {type DomainConfig, actionFor, type ShutdownReason} from '../config/index.ts';
import type {DaemonClient} from '../daemon/client.ts';
import type {Xl} from './command.ts';

/** Names of SHUTDOWN_* in the order of their numbers. @see xen/sched.h */
const REASONS: readonly ShutdownReason[] = ['poweroff', 'reboot', 'suspend', 'crash', 'watchdog', 'soft_reset'];

/** How long the host may take to build a domain anew. */
const RESTART_MS_MAX = 10_000;
const POLL_MS = 50;

/**
 * Waits until a domain, and what takes its name when it restarts, is over, and tells what happens as the real xl's
 * watching process does; what is done about it is done by the host. @see golden/cli/xl-golden.log.txt
 */
export const followDomain = async (
  xl: Xl,
  client: DaemonClient,
  first: number,
  config: DomainConfig,
): Promise<void> => {
  let domid: number | undefined = first;
  while (domid !== undefined) domid = await followOnce(xl, client, domid, config);
};

/** Returns the domid of the next life, if there is one. */
const followOnce = async (
  xl: Xl,
  client: DaemonClient,
  domid: number,
  config: DomainConfig,
): Promise<number | undefined> => {
  xl.complain(`Waiting for domain ${config.name} (domid ${domid}) to die [pid ${process.pid}]`);
  const reason = await client.call('domain.waitShutdown', {domid});
  if (reason === null) {
    xl.complain(`Domain ${domid} has been destroyed.`);
    return undefined;
  }
  xl.complain(`Domain ${domid} has shut down, reason code ${reason} 0x${reason.toString(16)}`);
  if (REASONS[reason] === 'suspend') {
    xl.complain('Domain has suspended.\nDone. Exiting now');
    return undefined;
  }
  const action = actionFor(config, REASONS[reason] ?? 'crash') ?? 'destroy';
  xl.complain(`Action for shutdown reason code ${reason} is ${action}`);
  const restarts = action.endsWith('restart') || action === 'soft-reset';
  const next = restarts ? await successor(client, config.name, domid) : undefined;
  if (!restarts && action !== 'preserve') await client.call('domain.waitDestroyed', {domid});
  xl.complain(next === undefined ? 'Done. Exiting now' : 'Done. Rebooting now');
  return next;
};

/** The domain that takes over a name; undefined if none does in time. */
const successor = async (client: DaemonClient, name: string, before: number): Promise<number | undefined> => {
  for (let waitedMs = 0; waitedMs < RESTART_MS_MAX; waitedMs += POLL_MS) {
    const domid = await client.call('domain.resolve', {name});
    if (domid !== null && domid !== before) return domid;
    await sleep(POLL_MS);
  }
  return undefined;
};
