import type {Run} from '../command.ts';

/** @see golden/cli/xl-misc.txt */
export const run: Run = (xl) => {
  xl.complain('libxl: error: Looks like pciback driver not loaded');
  return Promise.resolve(0);
};
