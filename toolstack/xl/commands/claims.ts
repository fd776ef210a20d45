import type {Run} from '../command.ts';
import {formatList} from './list.ts';

/** Memory is there or it is not: nothing is claimed in advance. @see golden/cli/xl-misc.txt */
export const run: Run = async (xl) => {
  const client = await xl.client();
  xl.out(formatList(await client.call('domain.list', {}), {claimed: true}));
  return 0;
};
