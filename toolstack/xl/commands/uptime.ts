import {ToolstackError} from '../../errors.ts';
import type {DomainSummary} from '../../host/api.ts';
import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {left, right, zeros} from '../printf.ts';

const DAY_S = 86_400;
const HOUR_S = 3600;
const MINUTE_S = 60;

/** `1 day,  2:03:04`; without the seconds when short. */
export const formatDuration = (seconds: number, short = false): string => {
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / DAY_S);
  const hours = Math.floor((whole % DAY_S) / HOUR_S);
  const minutes = Math.floor((whole % HOUR_S) / MINUTE_S);
  const prefix = days === 0 ? '' : `${days} ${days === 1 ? 'day' : 'days'}, `;
  const rest = short ? '' : `:${zeros(whole % MINUTE_S, 2)}`;
  return `${prefix}${right(hours, 2)}:${zeros(minutes, 2)}${rest}`;
};

/** @see golden/cli/xl-uptime.txt */
export const formatUptime = (domains: readonly DomainSummary[]): string => {
  const rows = domains.map(
    ({name, domid, uptimeSeconds}) => `${left(name, 33)} ${right(domid, 4)} ${formatDuration(uptimeSeconds)}\n`,
  );
  return `Name                                ID Uptime\n${rows.join('')}`;
};

/** @param clock wall clock as HH:MM:SS */
export const formatShortUptime = (domains: readonly DomainSummary[], clock: string): string =>
  domains
    .map(({name, domid, uptimeSeconds}) => ` ${clock} up ${formatDuration(uptimeSeconds, true)}, ${name} (${domid})\n`)
    .join('');

export const run: Run = async (xl, options, names) => {
  const domids = await Promise.all(names.map((name) => findDomain(xl, name)));
  const client = await xl.client();
  const domains = select(await client.call('domain.list', {}), domids);
  xl.out(options.has('s') ? formatShortUptime(domains, new Date().toTimeString().slice(0, 8)) : formatUptime(domains));
  return 0;
};

const select = (all: readonly DomainSummary[], domids: readonly number[]): readonly DomainSummary[] =>
  domids.length === 0
    ? all
    : domids.map((wanted) => {
        const found = all.find(({domid}) => domid === wanted);
        if (found === undefined) throw new ToolstackError('ESRCH', `Error: Domain '${wanted}' does not exist.`);
        return found;
      });
