import type {Run} from './command.ts';
import {findDomain} from './find-domain.ts';

/** xl's table of devices of a kind that no domain has: its header. */
export const listNoDevices =
  (header: string): Run =>
  async (xl, _options, names) => {
    xl.out(header);
    for (const name of names) await findDomain(xl, name);
    return 0;
  };
