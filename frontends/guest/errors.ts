/** What C's strerror says: commands print it after the name of the thing. */
const messages: Readonly<Record<string, string>> = {
  E2BIG: 'Argument list too long',
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAGAIN: 'Resource temporarily unavailable',
  EBUSY: 'Device or resource busy',
  ECONNABORTED: 'Software caused connection abort',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EEXIST: 'File exists',
  EHOSTUNREACH: 'No route to host',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  EMSGSIZE: 'Message too long',
  ENETUNREACH: 'Network is unreachable',
  ENOBUFS: 'No buffer space available',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  ENOMEM: 'Cannot allocate memory',
  ENOSPC: 'No space left on device',
  ENOSYS: 'Function not implemented',
  ENOTSUP: 'Operation not supported',
  EOPNOTSUPP: 'Operation not supported',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  EROFS: 'Read-only file system',
  ETIMEDOUT: 'Connection timed out',
};

export const strerror = (errno: string): string => messages[errno] ?? errno;

/** An errno name for the caller of a file or device of the guest's. */
export class FileError extends Error {
  readonly errno: string;

  constructor(errno: string) {
    super(strerror(errno));
    this.name = 'FileError';
    this.errno = errno;
  }
}

/** The errno name that a device, the store or a file failed with; undefined for an error that is none of theirs. */
export const errnoOf = (error: unknown): string | undefined => {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return typeof errno === 'string' ? errno : undefined;
};
