import type {DomainSummary} from '../../host/api.ts';
import type {Run} from '../command.ts';
import {listedDomains} from '../listed-domains.ts';
import {left, right} from '../printf.ts';

/** No domain shares pages. @see golden/cli/xl-misc.txt */
export const formatSharing = (domains: readonly DomainSummary[]): string =>
  'Name                                        ID   Mem Shared\n' +
  domains
    .map(({name, domid, memoryMib}) => `${left(name, 40)} ${right(domid, 5)} ${right(memoryMib, 5)}  ${right(0, 5)}\n`)
    .join('');

export const run: Run = async (xl, _options, names) => {
  if (names.length > 1) {
    xl.usage();
    return 1;
  }
  xl.out(formatSharing(await listedDomains(xl, names[0])));
  return 0;
};
