import type {Run} from '../command.ts';
import {stopDomains} from '../stop-domains.ts';

/** @see golden/cli/xl-reboot.txt */
export const run: Run = (xl, options, operands) =>
  stopDomains(xl, options, operands, {trigger: 'reboot', doing: 'Rebooting', command: 'reboot'});
