/** A daemon with a fake host for tests that kill it. Its home is in PVSIM_HOME; it says "ready" on stdout. */
import {startDaemon} from '../../toolstack/daemon/daemon.ts';
import {findHome} from '../../toolstack/daemon/home.ts';
import {FakeHost} from './fake-host.ts';

try {
  const host = new FakeHost();
  host.scrollback = 'attached';
  const daemon = await startDaemon({
    home: findHome(),
    createHost: () => Promise.resolve(host),
    log: (message) => void process.stderr.write(`${message}\n`),
  });
  process.once('SIGTERM', () => void daemon.stop(0));
  process.stdout.write('ready\n');
  await daemon.stopped;
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
