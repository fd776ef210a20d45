import {join} from 'node:path';
import {connectSocket} from '../../../hypervisor/xenstore/socket.ts';
import type {Iut} from './iut.ts';

export interface SocketStore {
  /** Of the daemon's socket. */
  readonly path: string;
  /** Directory of a socket for each domain, domN.sock. @see `pvsim xenstored --domain-sockets` */
  readonly domainSockets?: string;
}

/** Any xenstored that listens on a Unix socket: checks change its store below /conform and /local/domain/1 to 3. */
export const socketStore = ({path, domainSockets}: SocketStore): Iut => ({
  name: path,
  subjects: ['xenstored'],
  isOutside: true,
  openStore: async () => ({
    connect: async (domid) => {
      if (domid === 0) return connectSocket(path);
      return domainSockets === undefined ? undefined : connectSocket(join(domainSockets, `dom${domid}.sock`));
    },
    createDomain: () => undefined,
    page: () => undefined,
    close: async () => undefined,
  }),
});
