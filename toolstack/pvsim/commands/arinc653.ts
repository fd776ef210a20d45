import type {CommandModule} from 'yargs';
import type {ArincSlot} from '../../../hypervisor/sched/index.ts';
import type {DaemonClient} from '../../daemon/client.ts';
import {findHome} from '../../daemon/home.ts';
import {ToolstackError} from '../../errors.ts';

const NS_PER_MS = 1e6;
const EXIT_USAGE = 2;

interface Window {
  readonly domain: string;
  readonly vcpu: number;
  readonly runtimeNs: number;
}

/** "DOMAIN=MS" or "DOMAIN/VCPU=MS" */
const parseWindow = (text: string): Window => {
  const [, domain, vcpu = '0', ms] = /^([^/=]+)(?:\/(\d+))?=(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (domain !== undefined) return {domain, vcpu: Number(vcpu), runtimeNs: Number(ms) * NS_PER_MS};
  throw new ToolstackError('EINVAL', `pvsim: "${text}" is not of the form DOMAIN[/VCPU]=MILLISECONDS`, EXIT_USAGE);
};

/** Xen's tables name domains by UUID: they hold for a domain that is started anew. */
const slotOf = async (client: DaemonClient, {domain, vcpu, runtimeNs}: Window): Promise<ArincSlot> => {
  const domid = await client.call('domain.resolve', {name: domain});
  const found = (await client.call('domain.list', {})).find((each) => each.domid === domid);
  if (found === undefined) throw new ToolstackError('ESRCH', `pvsim: there is no domain "${domain}"`);
  return {handle: found.handle, vcpu, runtimeNs};
};

const setSchedule = async (
  client: DaemonClient,
  pool: string,
  majorFrameNs: number,
  windows: readonly Window[],
): Promise<void> => {
  const pools = await client.call('pool.list', {});
  const found = pools.find(({name, id}) => name === pool || String(id) === pool);
  if (found === undefined) throw new ToolstackError('ENOENT', `pvsim: there is no cpupool "${pool}"`);
  const slots: ArincSlot[] = [];
  for (const window of windows) slots.push(await slotOf(client, window));
  await client.call('pool.setArincSchedule', {id: found.id, schedule: {majorFrameNs, slots}});
};

/** xl has no command for this: on a real host it is libxc's xc_sched_arinc653_schedule_set. */
export const arinc653Command: CommandModule<object, {pool: string; frame: number; window: string[]}> = {
  command: 'arinc653 <window..>',
  describe: 'Set the windows of a CPU pool under arinc653: DOMAIN[/VCPU]=MILLISECONDS ...',
  builder: (parser) =>
    parser
      .positional('window', {type: 'string', array: true, demandOption: true})
      .option('pool', {type: 'string', default: '0', describe: 'Name or number of the pool', requiresArg: true})
      .option('frame', {
        type: 'number',
        demandOption: true,
        describe: 'Major frame in milliseconds; what the windows leave of it is idle',
        requiresArg: true,
      }),
  handler: async ({pool, frame, window}) => {
    const windows = window.map(parseWindow);
    const {connectTo} = await import('../../daemon/client.ts');
    const home = findHome();
    const client = await connectTo(home);
    if (client === undefined) throw new ToolstackError('ESRCH', `pvsim: no host runs in ${home.dir}`);
    try {
      await setSchedule(client, pool, frame * NS_PER_MS, windows);
    } finally {
      await client.close();
    }
  },
};
