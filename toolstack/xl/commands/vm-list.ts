import type {DomainSummary} from '../../host/api.ts';
import type {Run} from '../command.ts';
import {left} from '../printf.ts';

/** @see golden/cli/xl-vm-list.txt */
export const formatVmList = (domains: readonly DomainSummary[]): string => {
  const rows = domains.map(({handle, domid, name}) => `${handle}  ${domid}    ${left(name, 30)}\n`);
  return `UUID                                  ID    name\n${rows.join('')}`;
};

export const run: Run = async (xl) => {
  const client = await xl.client();
  xl.out(formatVmList(await client.call('domain.list', {})));
  return 0;
};
