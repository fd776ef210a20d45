import {ToolstackError} from '../../errors.ts';
import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';

const TRIGGERS: ReadonlySet<string> = new Set(['power', 'sleep', 'nmi', 'init', 'reset', 's3resume']);

/** Of guests with virtual hardware only, of which there are none: Xen refuses, and xl succeeds. @see golden/cli/xl-misc.txt */
export const run: Run = async (xl, _options, [domain, name]) => {
  const domid = await findDomain(xl, domain);
  if (!TRIGGERS.has(name)) throw new ToolstackError('EINVAL', `Invalid trigger "${name}"`);
  xl.complain(`libxl: error: Domain ${domid}:Send trigger '${name}' failed: Invalid argument`);
  return 0;
};
