import type {Run} from '../command.ts';
import {stopDomains} from '../stop-domains.ts';

/** @see golden/cli/xl-shutdown.txt */
export const run: Run = (xl, options, operands) =>
  stopDomains(xl, options, operands, {trigger: 'poweroff', doing: 'Shutting down', command: 'shutdown'});
