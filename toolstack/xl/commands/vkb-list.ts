import {listNoDevices} from '../list-no-devices.ts';

/** No domain has virtual keyboards. @see golden/cli/xl-misc.txt */
export const run = listNoDevices(
  'Idx BE handle state evt-ch    ref ID         BE-type    BE-path                       \n',
);
