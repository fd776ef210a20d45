import {listNoDevices} from '../list-no-devices.ts';

/** No domain has virtual TPMs. @see golden/cli/xl-misc.txt */
export const run = listNoDevices(
  'Idx BE Uuid                                 handle state evt-ch ring-ref BE-path   \n',
);
