import {listNoDevices} from '../list-no-devices.ts';

/** No domain has PCI devices. @see golden/cli/xl-misc.txt */
export const run = listNoDevices('');
