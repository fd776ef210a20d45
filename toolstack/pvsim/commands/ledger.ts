import {setTimeout as sleep} from 'node:timers/promises';
import type {Argv, CommandModule} from 'yargs';
import type {Entry} from '../../../hypervisor/cost/index.ts';
import type {DaemonClient} from '../../daemon/client.ts';
import {ToolstackError} from '../../errors.ts';
import {withHost} from './with-host.ts';

const MS_PER_S = 1000;

interface LedgerArguments {
  domain?: string;
  price?: string;
  watch?: number;
  json: boolean;
}

export const ledgerCommand: CommandModule<object, LedgerArguments> = {
  command: 'ledger [domain]',
  describe: 'Show what I/O has cost by device and side: hypercalls, events, grants, copies, exits',
  builder: (parser: Argv) =>
    parser
      .positional('domain', {type: 'string', describe: 'Name or id of a running domain; all by default'})
      .option('price', {type: 'string', requiresArg: true, describe: 'Price list for the modelled times'})
      .option('watch', {type: 'number', requiresArg: true, describe: 'Again and again, what so many seconds added'})
      .option('json', {type: 'boolean', default: false, describe: 'Counts only, as JSON'}),
  handler: async ({domain, price, watch, json}) => {
    const print = json ? formatJson : await tablePrinter(price);
    if (watch !== undefined && !(watch > 0 && watch < Infinity))
      throw new ToolstackError('EINVAL', 'pvsim: --watch must be a number of seconds above 0', 2);
    await withHost(async (client) => {
      const domid = domain === undefined ? undefined : await resolve(client, domain);
      const read = (): Promise<Entry[]> => readEntries(client, domid);
      if (watch === undefined) process.stdout.write(await print(client, await read()));
      else await follow(read, watch, async (added) => void process.stdout.write(await print(client, added)));
    });
  },
};

type Print = (client: DaemonClient, entries: readonly Entry[]) => Promise<string>;

const tablePrinter = async (price: string | undefined): Promise<Print> => {
  const {parsePriceList, PriceListError} = await import('../../../hypervisor/cost/index.ts');
  const {formatLedger} = await import('../ledger-table.ts');
  try {
    const list = parsePriceList(price);
    return async (client, entries) => {
      const names = new Map((await client.call('domain.list', {})).map(({domid, name}) => [domid as number, name]));
      return formatLedger(entries, (domid) => names.get(domid) ?? `d${domid}`, list);
    };
  } catch (error) {
    if (error instanceof PriceListError) throw new ToolstackError('EINVAL', `pvsim: ${error.message}`, 2);
    throw error;
  }
};

const formatJson: Print = async (_client, entries) => {
  const {toRecord} = await import('../../../hypervisor/cost/index.ts');
  return `${JSON.stringify(entries.map(({counts, ...name}) => ({...name, counts: toRecord(counts)})))}\n`;
};

const resolve = async (client: DaemonClient, name: string): Promise<number> => {
  const domid = await client.call('domain.resolve', {name});
  const domains = await client.call('domain.list', {});
  // Of digits it is not known yet whether there is such a domain.
  if (domid === null || !domains.some((each) => (each.domid as number) === domid))
    throw new ToolstackError('ESRCH', `pvsim: no domain "${name}"`);
  return domid;
};

const readEntries = async (client: DaemonClient, domid: number | undefined): Promise<Entry[]> => {
  const costs = await client.call('host.costs', {});
  if (costs === null)
    throw new ToolstackError('ENODATA', 'pvsim: this host keeps no ledger: start it with "pvsim host start --ledger"');
  const {entryOf} = await import('../ledger-table.ts');
  return costs.filter((each) => domid === undefined || each.domid === domid).map(entryOf);
};

/** Until the user has seen enough. */
const follow = async (
  read: () => Promise<Entry[]>,
  seconds: number,
  show: (added: readonly Entry[]) => Promise<void>,
): Promise<void> => {
  const {difference} = await import('../../../hypervisor/cost/index.ts');
  for (let before = await read(); ;) {
    await sleep(seconds * MS_PER_S);
    const now = await read();
    await show(difference(now, before).filter(({counts}) => counts.some((count) => count > 0)));
    before = now;
  }
};
