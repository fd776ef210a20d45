import {listNoDevices} from '../list-no-devices.ts';

/** No domain has virtual sound cards. @see golden/cli/xl-misc.txt */
export const run = listNoDevices('');
