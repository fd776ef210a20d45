import {listNoDevices} from '../list-no-devices.ts';

/** No domain has PV channels. @see golden/cli/xl-misc.txt */
export const run = listNoDevices('Idx BE state evt-ch ring-ref connection                               \n');
