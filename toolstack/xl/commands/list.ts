import type {DomainSummary} from '../../host/api.ts';
import type {DaemonClient} from '../../daemon/client.ts';
import type {Options, Run} from '../command.ts';
import {listedDomains} from '../listed-domains.ts';
import {left, right} from '../printf.ts';

/** Extra columns. */
export interface ListColumns {
  readonly verbose?: boolean;
  readonly context?: boolean;
  readonly numa?: boolean;
  readonly claimed?: boolean;
  /** Names of the pools, by domid. */
  readonly pools?: ReadonlyMap<number, string>;
}

const KIB_PER_MIB = 1024;

/** @see golden/cli/xl-list.txt */
export const formatList = (domains: readonly DomainSummary[], columns: ListColumns): string =>
  [header(columns), ...domains.map((domain) => row(domain, columns))].map((line) => `${line}\n`).join('');

const header = ({verbose, context, pools, numa, claimed}: ListColumns): string =>
  'Name                                        ID   Mem VCPUs\tState\tTime(s)' +
  (verbose ? '   UUID                            Reason-Code\tSecurity Label' : '') +
  (context && !verbose ? '   Security Label' : '') +
  (claimed ? '  Claimed' : '') +
  (pools ? '         Cpupool' : '') +
  (numa ? ' NODE Affinity' : '');

const row = (domain: DomainSummary, {verbose, context, pools, numa, claimed}: ListColumns): string => {
  const {name, domid, memoryMib, onlineVcpus, state, cpuSeconds, handle} = domain;
  return (
    `${left(name, 40)} ${right(domid, 5)} ${right(memoryMib, 5)} ${right(onlineVcpus, 5)}     ${state}  ` +
    right(cpuSeconds.toFixed(1), 8) +
    (verbose ? ` ${handle} ${right(reasonCode(domain), 8)}` : '') +
    (verbose || context ? ` ${right('-', 16)}` : '') +
    (claimed ? ` ${right(0, 5)}` : '') +
    (pools ? right(pools.get(domid) ?? '', 16) : '') +
    (numa ? ' all' : '')
  );
};

const reasonCode = ({shutdown, shutdownReason}: DomainSummary): string =>
  shutdown ? (shutdownReason ?? 0).toString(16) : '-';

export const run: Run = async (xl, options, [name]) => {
  const domains = await listedDomains(xl, name);
  const client = await xl.client();
  xl.out(
    options.has('l') ? await formatDetails(client, domains) : formatList(domains, await columnsOf(client, options)),
  );
  return 0;
};

const columnsOf = async (client: DaemonClient, options: Options): Promise<ListColumns> => ({
  verbose: options.has('v'),
  context: options.has('Z'),
  pools: options.has('c') ? await poolNames(client) : undefined,
  numa: options.has('n'),
});

const poolNames = async (client: DaemonClient): Promise<ReadonlyMap<number, string>> => {
  const pools = await client.call('pool.list', {});
  return new Map(pools.flatMap(({name, domains}) => domains.map((domid) => [domid as number, name] as const)));
};

/** @see golden/cli/xl-list-l.txt */
const formatDetails = async (client: DaemonClient, domains: readonly DomainSummary[]): Promise<string> => {
  const {configToJson, domain0ToJson, formatJson, listedDomain} = await import('../../config/index.ts');
  const entries = domains.map(async ({domid, memoryMib}) => {
    const memoryKib = memoryMib * KIB_PER_MIB;
    if (domid === 0) {
      const schedule = await client.call('schedule.get', {domid});
      return listedDomain(domid, domain0ToJson({maxMemoryKib: memoryKib, memoryKib, schedule}));
    }
    return listedDomain(domid, configToJson(await client.call('domain.config', {domid}), {created: true}));
  });
  return `${formatJson(await Promise.all(entries))}\n`;
};
