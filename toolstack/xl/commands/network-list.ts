import type {VifListing} from '../../host/api.ts';
import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {left, right} from '../printf.ts';

/** @see golden/cli/xl-network-list.txt */
export const HEADER = `Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref ${left('BE-path', 30)}\n`;

export const formatVif = (vif: VifListing): string =>
  `${left(vif.devid, 3)} ${left(vif.backendDomid, 2)} ${vif.mac}${right(vif.handle, 6)} ${right(vif.state, 5)} ` +
  `${right(vif.evtch, 6)} ${right(vif.txRingRef, 5)}/${left(vif.rxRingRef, 11)} ${left(vif.backendPath, 30)}\n`;

/** It has no interfaces, only backends of interfaces. */
const DOM0 = 0;

export const run: Run = async (xl, _options, names) => {
  const client = await xl.client();
  xl.out(HEADER);
  for (const name of names) {
    const domid = await findDomain(xl, name);
    if (domid !== DOM0) xl.out((await client.call('vif.list', {domid})).map(formatVif).join(''));
  }
  return 0;
};
