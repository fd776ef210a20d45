/** The process that xl starts: a daemon for the host in PVSIM_HOME. */
import {findHome} from './home.ts';
import {parseHostArguments} from './host-arguments.ts';
import {fileLog} from './log.ts';
import {runDaemon} from './run.ts';

const home = findHome();
process.exit(await runDaemon(home, fileLog(home.daemonLog), parseHostArguments(process.argv.slice(2))));
