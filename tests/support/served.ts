import type {ExecutionContext} from 'ava';
import {connectTo, type DaemonClient} from '../../toolstack/daemon/client.ts';
import {type Daemon, startDaemon} from '../../toolstack/daemon/daemon.ts';
import {homeAt, type HostHome} from '../../toolstack/daemon/home.ts';
import {FakeHost} from './fake-host.ts';
import {temporaryDirectory} from './temporary.ts';

export interface Served {
  readonly home: HostHome;
  readonly host: FakeHost;
  readonly daemon: Daemon;
  readonly log: string[];
  /** A new connection. */
  readonly connect: () => Promise<DaemonClient>;
}

/** A fake host behind a real daemon, in this process. */
export const serve = async (t: ExecutionContext, directory = temporaryDirectory(t)): Promise<Served> => {
  const home = homeAt(directory);
  const host = new FakeHost();
  const log: string[] = [];
  const daemon = await startDaemon({
    home,
    createHost: () => Promise.resolve(host),
    log: (message) => void log.push(message),
  });
  t.teardown(async () => {
    void daemon.stop(0);
    await daemon.stopped;
  });
  const connect = async (): Promise<DaemonClient> => {
    const client = await connectTo(home);
    if (client === undefined) throw new Error('no daemon');
    return client;
  };
  return {home, host, daemon, log, connect};
};
