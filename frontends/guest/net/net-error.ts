import {strerror} from '../errors.ts';

/** What a call of the network API failed with: 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EADDRINUSE', ... */
export class NetError extends Error {
  readonly errno: string;

  constructor(errno: string) {
    super(strerror(errno));
    this.name = 'NetError';
    this.errno = errno;
  }
}
