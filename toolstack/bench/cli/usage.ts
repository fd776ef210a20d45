import {ToolstackError} from '../../errors.ts';

const EXIT_USAGE = 2;

/** What was asked for cannot be: a line, and exit status 2. */
export const usage = (message: string): ToolstackError =>
  new ToolstackError('EINVAL', `pvsim bench: ${message}`, EXIT_USAGE);
