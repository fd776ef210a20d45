import type {DaemonClient} from '../../daemon/client.ts';
import {findHome} from '../../daemon/home.ts';
import {ToolstackError} from '../../errors.ts';

/** Talks to the host that runs. ESRCH when none does. */
export const withHost = async (use: (client: DaemonClient) => Promise<void>): Promise<void> => {
  const {connectTo} = await import('../../daemon/client.ts');
  const home = findHome();
  const client = await connectTo(home);
  if (client === undefined) throw new ToolstackError('ESRCH', `pvsim: no host runs in ${home.dir}`);
  await use(client).finally(() => client.close());
};
