import {listNoDevices} from '../list-no-devices.ts';

/** No domain has USB controllers. @see golden/cli/xl-misc.txt */
export const run = listNoDevices('');
