import type {VscsiListing} from '../../host/api.ts';
import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {left} from '../printf.ts';

const HEADER = `${left('Idx', 3)} ${left('BE', 3)} ${left('vhost', 5)} ${left('p-dev', 11)} ${left('v-dev', 11)} state p-devname\n`;

const formatUnit = ({index, backendDomid, vhost, pDev, vDev, state, pDevname}: VscsiListing): string =>
  `${left(index, 3)} ${left(backendDomid, 3)} ${left(vhost, 5)} ${left(pDev, 11)} ${left(vDev, 11)} ${left(state, 5)} ${pDevname}\n`;

const DOM0 = 0;

export const run: Run = async (xl, _options, names) => {
  const client = await xl.client();
  xl.out(HEADER);
  for (const name of names) {
    const domid = await findDomain(xl, name);
    if (domid !== DOM0) xl.out((await client.call('scsi.list', {domid})).map(formatUnit).join(''));
  }
  return 0;
};
