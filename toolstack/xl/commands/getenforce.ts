import type {Run} from '../command.ts';

/** xl returns libxl's -1. */
const EXIT_DISABLED = 255;

/** @see golden/cli/xl-misc.txt */
export const run: Run = (xl) => {
  xl.out('Flask XSM Disabled\n');
  return Promise.resolve(EXIT_DISABLED);
};
