import {join} from 'node:path';
import {connectSocket} from '../../../hypervisor/xenstore/socket.ts';
import {ToolstackError} from '../../errors.ts';
import type {Iut} from './iut.ts';

const EXIT_USAGE = 2;

export interface SocketStore {
  /** Of the daemon's socket. */
  readonly path: string;
  /** Directory of a socket for each domain, domN.sock. @see `pvsim xenstored --domain-sockets` */
  readonly domainSockets?: string;
}

/** Any xenstored that listens on a Unix socket: checks change its store below /conform and /local/domain/1 to 3. Rejects when nobody listens. */
export const socketStore = async ({path, domainSockets}: SocketStore): Promise<Iut> => {
  await mustListen(path);
  return {
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
  };
};

const mustListen = async (path: string): Promise<void> => {
  try {
    (await connectSocket(path)).close();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ToolstackError('EINVAL', `pvsim: ${path}: ${reason}`, EXIT_USAGE);
  }
};
