import {ToolstackError} from '../../errors.ts';
import type {Options, Run} from '../command.ts';
import {ConsoleSession, parseEscape} from '../console-session.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';

const TYPES: ReadonlySet<string> = new Set(['pv', 'serial', 'vuart']);

/** Enough for the answer to what was piped in. */
const LINGER_MS = 2000;

export const run: Run = async (xl, options, [domain]) => {
  checkKind(options);
  const escape = parseEscape(options.value('e'));
  const domid = await findDomain(xl, domain);
  const session = new ConsoleSession(await xl.client(), {escape, lingerMs: LINGER_MS});
  await orFail(session.attach(domid), () => 'Unable to attach console');
  await session.ended;
  return 0;
};

const checkKind = (options: Options): void => {
  const type = options.value('t') ?? 'pv';
  if (!TYPES.has(type)) throw new ToolstackError('EINVAL', 'console type supported are: pv, serial, vuart');
  if (type === 'pv' && Number(options.value('n') ?? 0) === 0) return;
  throw new ToolstackError('ENOSYS', "xl: a domain's only console in pvsim is number 0 of type pv");
};
