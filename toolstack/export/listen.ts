import {createServer, type Server} from 'node:net';
import {ToolstackError} from '../errors.ts';

/** A Unix socket, or a port of the loopback interface; 0 for any that is free. */
export type Listen = {socket: string} | {port: number};

/** Clients of one export at once. */
const MAX_CLIENTS = 16;

/** A server for programs of this machine. @throws ToolstackError when the socket or port cannot be had */
export const listenLocally = async (listen: Listen): Promise<Server> => {
  const server = createServer();
  server.maxConnections = MAX_CLIENTS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(refusal(listen, error)));
    if ('socket' in listen) server.listen(listen.socket, resolve);
    else server.listen(listen.port, '127.0.0.1', resolve);
  });
  server.on('error', () => undefined);
  return server;
};

/** The port that it got; 0 of a Unix socket. */
export const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const refusal = (listen: Listen, error: NodeJS.ErrnoException): ToolstackError => {
  const where = 'socket' in listen ? listen.socket : `port ${listen.port}`;
  return new ToolstackError(error.code ?? 'EIO', `pvsim: cannot listen on ${where}: ${error.code ?? error.message}`);
};
