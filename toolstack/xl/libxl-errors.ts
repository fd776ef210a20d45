import {ToolstackError} from '../errors.ts';
import {EXIT_FAILURE} from './command.ts';

/** libxl's error numbers by our codes. @see libxl.h, libxl_error */
const RC: Readonly<Record<string, number>> = {
  ENOSYS: -4,
  ENOMEM: -5,
  EINVAL: -6,
  ETIMEDOUT: -9,
  EEXIST: -17,
  ESRCH: -21,
};
const ERROR_FAIL = -3;

export const libxlRc = ({code}: ToolstackError): number => RC[code] ?? ERROR_FAIL;

/** Waits for a call and adds to its failure the line that xl itself prints, unless the host has said just that. */
export const orFail = async <T>(call: Promise<T>, line: (error: ToolstackError) => string): Promise<T> => {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ToolstackError)) throw error;
    const last = line(error);
    const message = error.message.endsWith(last) ? error.message : `${error.message}\n${last}`;
    throw new ToolstackError(error.code, message, EXIT_FAILURE);
  }
};
