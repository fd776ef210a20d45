import type {DomainConfig} from '../config/index.ts';
import type {DaemonClient} from '../daemon/client.ts';
import type {Options, Xl} from './command.ts';
import {ConsoleSession} from './console-session.ts';
import {followDomain} from './follow-domain.ts';

/**
 * Has the host make a domain by `make`, which leaves it paused if it is told to, and does with it what the options say that
 * xl create and xl restore share: -c the console, -F in the foreground, -p paused.
 */
export const startDomain = async (
  xl: Xl,
  options: Options,
  config: DomainConfig,
  make: (client: DaemonClient, paused: boolean) => Promise<{domid: number}>,
): Promise<void> => {
  const client = await xl.client();
  const console = options.has('c') ? new ConsoleSession(client) : undefined;
  // The guest waits until its console is attached, so that nothing it prints is missed.
  const paused = options.has('p') || console !== undefined;
  const {domid} = await make(client, paused);
  const followed = options.has('F') ? followDomain(xl, client, domid, config) : undefined;
  if (console !== undefined) {
    await console.attach(domid);
    if (!options.has('p')) await client.call('domain.unpause', {domid});
    await console.ended;
  }
  await followed;
};
