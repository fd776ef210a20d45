import {ToolstackError} from '../errors.ts';
import type {DomainSummary} from '../host/api.ts';
import type {Xl} from './command.ts';
import {findDomain} from './find-domain.ts';

/** All domains, or the one that was named. */
export const listedDomains = async (xl: Xl, name: string | undefined): Promise<readonly DomainSummary[]> => {
  const wanted = name === undefined ? undefined : await findDomain(xl, name);
  const client = await xl.client();
  const all = await client.call('domain.list', {});
  if (wanted === undefined) return all;
  const domains = all.filter(({domid}) => domid === wanted);
  if (domains.length > 0) return domains;
  throw new ToolstackError('ESRCH', `Error: Domain '${name}' does not exist.`);
};
