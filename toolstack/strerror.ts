import {getSystemErrorMap} from 'node:util';

/** Texts of glibc where libuv words them differently. */
const GLIBC: Readonly<Record<string, string>> = {
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENFILE: 'Too many open files in system',
  ENXIO: 'No such device or address',
};

/** What C programs print for an error of the file system. */
export const strerror = ({code = '', errno = 0, message}: NodeJS.ErrnoException): string => {
  const text = GLIBC[code] ?? getSystemErrorMap().get(errno)?.[1] ?? message;
  return text.charAt(0).toUpperCase() + text.slice(1);
};
