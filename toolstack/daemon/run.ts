import {constants} from 'node:os';
import {createHost} from '../host/host.ts';
import type {HostOptions} from '../host/api.ts';
import {ToolstackError} from '../errors.ts';
import {ALREADY_RUNNING, type Daemon, startDaemon} from './daemon.ts';
import type {HostHome} from './home.ts';
import {describeError, type Log} from './log.ts';
import {EXIT_ALREADY_RUNNING} from './protocol.ts';

/** How long guests may take to shut down when a signal ends the daemon. */
export const STOP_GRACE_MS = 10_000;

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Runs a daemon in this process until it is told to stop; returns the exit status. `serving` is called once it serves. */
export const runDaemon = async (
  home: HostHome,
  log: Log,
  hostOptions: HostOptions,
  serving?: () => void,
): Promise<number> => {
  process.umask(0o077);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  try {
    const daemon = await startDaemon({home, createHost, log, hostOptions});
    stopOnSignal(daemon);
    surviveErrors(log);
    serving?.();
    await daemon.stopped;
    return 0;
  } catch (error) {
    log(error instanceof ToolstackError ? error.message : describeError(error));
    return error instanceof ToolstackError && error.code === ALREADY_RUNNING ? EXIT_ALREADY_RUNNING : 1;
  }
};

/** What a guest or a driver throws where nobody catches it is written down, and the other guests go on. */
const surviveErrors = (log: Log): void => {
  process.on('uncaughtException', (error) => log(`uncaught: ${describeError(error)}`));
  process.on('unhandledRejection', (reason) => log(`unhandled: ${describeError(reason)}`));
};

/** The first signal asks for an orderly end, the second for an end. */
const stopOnSignal = (daemon: Daemon): void => {
  let signals = 0;
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (signals++ > 0) process.exit(128 + constants.signals[signal]);
      void daemon.stop(STOP_GRACE_MS);
    });
  }
};
