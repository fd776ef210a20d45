import {connect, type Socket} from 'node:net';
import {ToolstackError} from '../errors.ts';
import type {HostHome} from './home.ts';
import {
  type ClientNotifications,
  type DaemonInfo,
  type ErrorData,
  type Method,
  type Params,
  PROTOCOL,
  type Result,
  type ServerNotifications,
  TOOLSTACK_ERROR,
} from './protocol.ts';
import {RpcClient, RpcError} from './rpc-client.ts';

/** code of the ToolstackError when the connection ended before the answer. */
export const CONNECTION_LOST = 'ECONNRESET';

/** Errors of connect(2) that say that no daemon is there. */
const NOBODY_THERE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ECONNREFUSED']);

/** A program's end of the daemon's socket. */
export class DaemonClient {
  /** Who is at the other end. Rejects when it speaks another protocol; all calls reject then. */
  readonly daemon: Promise<DaemonInfo>;
  readonly #home: HostHome;
  readonly #socket: Socket;
  readonly #rpc: RpcClient;
  /** Settles when the latest notification, and so all before it, has gone out. */
  #notified: Promise<void> = Promise.resolve();

  constructor(home: HostHome, socket: Socket) {
    this.#home = home;
    this.#socket = socket;
    this.#rpc = new RpcClient(socket);
    // Not awaited: the first call travels right behind it.
    this.daemon = this.#send('hello', {protocol: PROTOCOL});
    this.daemon.catch(() => {});
  }

  /** @throws ToolstackError as the host threw it, or CONNECTION_LOST */
  async call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const answer = this.#send(method, params);
    answer.catch(() => {});
    await this.daemon;
    return answer;
  }

  notify<N extends keyof ClientNotifications>(name: N, params: ClientNotifications[N]): void {
    this.#notified = this.#rpc.notify(name, params);
  }

  on<N extends keyof ServerNotifications>(name: N, handler: (params: ServerNotifications[N]) => void): void {
    this.#rpc.onNotification(name, handler as (params: unknown) => void);
  }

  onClose(handler: () => void): void {
    this.#socket.once('close', handler);
  }

  /** Takes nothing from the daemon for a while: it keeps what it would send, up to a limit. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the connection when all notifications before have gone out. */
  async close(): Promise<void> {
    await this.#notified;
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => void this.#socket.end(() => resolve()));
    this.#socket.destroy();
  }

  async #send<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    try {
      return (await this.#rpc.request(method, params)) as Result<M>;
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #translate(error: unknown): unknown {
    if (this.#socket.destroyed) {
      return new ToolstackError(
        CONNECTION_LOST,
        `pvsim: the host in ${this.#home.dir} has gone; see ${this.#home.daemonLog}`,
      );
    }
    if (!(error instanceof RpcError)) return error;
    if (error.code === TOOLSTACK_ERROR) {
      const {code, exitStatus} = error.data as ErrorData;
      return new ToolstackError(code, error.message, exitStatus);
    }
    return new ToolstackError(
      'EIO',
      `pvsim: internal error of the host: ${error.message}; see ${this.#home.daemonLog}`,
    );
  }
}

/** Connects to the daemon of a home; undefined when none runs there. */
export const connectTo = async (home: HostHome): Promise<DaemonClient | undefined> => {
  const socket = connect(home.socket);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    if (NOBODY_THERE.has(code)) return undefined;
    throw new ToolstackError(code ?? 'EIO', `pvsim: cannot reach the host in ${home.dir}: ${message}`);
  }
  return new DaemonClient(home, socket);
};
