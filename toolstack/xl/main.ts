#!/usr/bin/env node
import {endWhenOutputBreaks} from '../broken-output.ts';
import {connectTo, type DaemonClient} from '../daemon/client.ts';
import {findHome} from '../daemon/home.ts';
import {runXl} from './run.ts';

/** The code that starts a daemon is loaded when there is none. */
const connect = async (): Promise<DaemonClient> => {
  const home = findHome();
  return (await connectTo(home)) ?? (await import('../daemon/start.ts')).connectOrStart(home);
};

endWhenOutputBreaks('xl');

const status = await runXl(process.argv.slice(2), {
  cwd: process.cwd(),
  confFile: findHome().conf,
  connect,
  out: (text) => void process.stdout.write(text),
  complain: (lines) => void process.stderr.write(`${lines}\n`),
});
process.exit(status);
