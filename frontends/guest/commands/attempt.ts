import {errnoOf, strerror} from '../errors.ts';
import {CommandError} from './command.ts';

/** Says what was being done, or with which file, when it fails with an errno. */
export const attempt = async <T>(action: string, promise: Promise<T>): Promise<T> => {
  try {
    return await promise;
  } catch (error) {
    const errno = errnoOf(error);
    throw errno === undefined ? error : new CommandError(`${action}: ${strerror(errno)}`);
  }
};
