import {rmSync} from 'node:fs';
import {connect} from 'node:net';
import {ToolstackError} from '../errors.ts';
import type {HostOptions} from '../host/api.ts';
import {type HostHome, prepareHome} from './home.ts';
import {acquireLock, type HostLock} from './lock.ts';
import {describeError, type Log} from './log.ts';
import {type Control, createMethods} from './methods.ts';
import {type DaemonInfo, PROTOCOL} from './protocol.ts';
import type {ServedHost} from './served-host.ts';
import {RpcServer} from './server.ts';
import {packageVersion} from './version.ts';

export interface DaemonOptions {
  home: HostHome;
  createHost: (options: HostOptions) => Promise<ServedHost>;
  log: Log;
  hostOptions?: HostOptions;
}

/** code of the ToolstackError when a daemon serves this home already. */
export const ALREADY_RUNNING = 'EALREADY';

/**
 * Makes a host and serves it in its home.
 * @throws ToolstackError when the home cannot be used or is in use
 */
export const startDaemon = async ({home, createHost, log, hostOptions}: DaemonOptions): Promise<Daemon> => {
  prepareHome(home);
  const lock = await takeHome(home);
  try {
    // Whatever lies there is of a daemon that was killed.
    for (const socket of [home.socket, home.xenstoreSocket]) rmSync(socket, {force: true});
    const host = await createHost({logDir: home.logDir, xenstoreSocket: home.xenstoreSocket, ...hostOptions});
    return await Daemon.serve(home, host, lock, log);
  } catch (error) {
    lock.release();
    throw error;
  }
};

const takeHome = async (home: HostHome): Promise<HostLock> => {
  const taken = await acquireLock(home.lock, () => answers(home.socket));
  if ('lock' in taken) return taken.lock;
  const pid = taken.heldBy === undefined ? '' : ` (pid ${taken.heldBy})`;
  throw new ToolstackError(ALREADY_RUNNING, `pvsim: a host is already running in ${home.dir}${pid}`);
};

/** Whether anybody takes connections on a socket. */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** A host with its socket, its lock and its end. */
export class Daemon implements Control {
  readonly info: DaemonInfo;
  readonly #home: HostHome;
  readonly #host: ServedHost;
  readonly #lock: HostLock;
  readonly #log: Log;
  readonly #server: RpcServer;
  #hostClosed: Promise<void> | undefined;
  #markStopped: () => void = () => {};
  /** Resolves once the daemon has given everything back, whoever asked for its end. */
  readonly stopped = new Promise<void>((resolve) => (this.#markStopped = resolve));

  static async serve(home: HostHome, host: ServedHost, lock: HostLock, log: Log): Promise<Daemon> {
    const daemon = new Daemon(home, host, lock, log);
    try {
      await daemon.#server.listen(home.socket);
    } catch (error) {
      await host.close({graceNs: 0});
      throw error;
    }
    log(`pvsim ${daemon.info.version} serves ${home.dir} (pid ${process.pid})`);
    return daemon;
  }

  private constructor(home: HostHome, host: ServedHost, lock: HostLock, log: Log) {
    this.info = {protocol: PROTOCOL, version: packageVersion(), pid: process.pid, home: home.dir};
    this.#home = home;
    this.#host = host;
    this.#lock = lock;
    this.#log = log;
    this.#server = new RpcServer(host, createMethods(host, this), log);
    host.log.subscribe(log);
  }

  /** Shuts the guests down, at most `graceMs` each, and resolves when the host is closed; then the daemon ends. */
  stop(graceMs: number): Promise<void> {
    if (this.#hostClosed !== undefined) return this.#hostClosed;
    this.#log('stopping');
    this.#hostClosed = this.#host
      .close({graceNs: graceMs * 1e6})
      .catch((error: unknown) => this.#log(`closing the host: ${describeError(error)}`));
    // Later, so that whoever asked is answered before.
    void this.#hostClosed.then(() => setImmediate(() => void this.#finish()));
    return this.#hostClosed;
  }

  async #finish(): Promise<void> {
    await this.#server.close();
    for (const socket of [this.#home.socket, this.#home.xenstoreSocket]) rmSync(socket, {force: true});
    this.#lock.release();
    this.#log('stopped');
    this.#markStopped();
  }
}
