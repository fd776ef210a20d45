import {ToolstackError} from '../../errors.ts';
import type {ConsoleType} from '../../host/api.ts';
import type {Options, Run} from '../command.ts';
import {ConsoleSession, parseEscape} from '../console-session.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';

const TYPES: ReadonlySet<string> = new Set(['pv', 'serial', 'vuart']);

/** Enough for the answer to what was piped in. */
const LINGER_MS = 2000;

export const run: Run = async (xl, options, [domain]) => {
  const type = consoleType(options);
  const escape = parseEscape(options.value('e'));
  const domid = await findDomain(xl, domain);
  const session = new ConsoleSession(await xl.client(), {escape, lingerMs: LINGER_MS});
  await orFail(session.attach(domid, type), () => 'Unable to attach console');
  await session.ended;
  return 0;
};

const consoleType = (options: Options): ConsoleType => {
  const type = options.value('t') ?? 'pv';
  if (!TYPES.has(type)) throw new ToolstackError('EINVAL', 'console type supported are: pv, serial, vuart');
  if (type !== 'vuart' && Number(options.value('n') ?? 0) === 0) return type as ConsoleType;
  throw new ToolstackError(
    'ENOSYS',
    "xl: a domain's consoles in pvsim are number 0 of type pv, and of an HVM guest of type serial",
  );
};
