import {ToolstackError} from '../../errors.ts';
import type {DomainSummary} from '../../host/api.ts';
import type {DaemonClient} from '../../daemon/client.ts';
import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {left, right} from '../printf.ts';

/** Extra columns. */
export interface ListColumns {
  readonly verbose?: boolean;
  readonly context?: boolean;
  readonly cpupool?: boolean;
  readonly numa?: boolean;
}

const KIB_PER_MIB = 1024;

/** @see golden/cli/xl-list.txt */
export const formatList = (domains: readonly DomainSummary[], columns: ListColumns): string =>
  [header(columns), ...domains.map((domain) => row(domain, columns))].map((line) => `${line}\n`).join('');

const header = ({verbose, context, cpupool, numa}: ListColumns): string =>
  'Name                                        ID   Mem VCPUs\tState\tTime(s)' +
  (verbose ? '   UUID                            Reason-Code\tSecurity Label' : '') +
  (context && !verbose ? '   Security Label' : '') +
  (cpupool ? '         Cpupool' : '') +
  (numa ? ' NODE Affinity' : '');

const row = (domain: DomainSummary, {verbose, context, cpupool, numa}: ListColumns): string => {
  const {name, domid, memoryMib, vcpus, state, cpuSeconds, handle} = domain;
  return (
    `${left(name, 40)} ${right(domid, 5)} ${right(memoryMib, 5)} ${right(vcpus, 5)}     ${state}  ` +
    right(cpuSeconds.toFixed(1), 8) +
    (verbose ? ` ${handle} ${right(reasonCode(domain), 8)}` : '') +
    (verbose || context ? ` ${right('-', 16)}` : '') +
    (cpupool ? right('Pool-0', 16) : '') +
    (numa ? ' all' : '')
  );
};

const reasonCode = ({shutdown, shutdownReason}: DomainSummary): string =>
  shutdown ? (shutdownReason ?? 0).toString(16) : '-';

export const run: Run = async (xl, options, [name]) => {
  const wanted = name === undefined ? undefined : await findDomain(xl, name);
  const client = await xl.client();
  const all = await client.call('domain.list', {});
  const domains = wanted === undefined ? all : all.filter(({domid}) => domid === wanted);
  if (wanted !== undefined && domains.length === 0) {
    throw new ToolstackError('ESRCH', `Error: Domain '${name}' does not exist.`);
  }
  xl.out(options.has('l') ? await formatDetails(client, domains) : formatList(domains, columnsOf(options)));
  return 0;
};

const columnsOf = (options: Parameters<Run>[1]): ListColumns => ({
  verbose: options.has('v'),
  context: options.has('Z'),
  cpupool: options.has('c'),
  numa: options.has('n'),
});

/** @see golden/cli/xl-list-l.txt */
const formatDetails = async (client: DaemonClient, domains: readonly DomainSummary[]): Promise<string> => {
  const {configToJson, domain0ToJson, formatJson, listedDomain} = await import('../../config/index.ts');
  const entries = domains.map(async ({domid, memoryMib}) => {
    const memoryKib = memoryMib * KIB_PER_MIB;
    if (domid === 0) return listedDomain(domid, domain0ToJson({maxMemoryKib: memoryKib, memoryKib}));
    return listedDomain(domid, configToJson(await client.call('domain.config', {domid}), {created: true}));
  });
  return `${formatJson(await Promise.all(entries))}\n`;
};
