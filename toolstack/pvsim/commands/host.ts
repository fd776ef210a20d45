import {resolve} from 'node:path';
import type {Argv, CommandModule} from 'yargs';
import {POLICIES, type PolicyName} from '../../../hypervisor/sched/policy.ts';
import {CONNECTION_LOST, connectTo, type DaemonClient} from '../../daemon/client.ts';
import {findHome, type HostHome} from '../../daemon/home.ts';
import {formatHostArguments, type HostArguments, parseBridges} from '../../daemon/host-arguments.ts';
import {ToolstackError} from '../../errors.ts';
import {autoStart} from '../auto-start.ts';

/** Exit status of `host status` when no host runs. @see LSB, "Init Script Actions": 3, program is not running */
const EXIT_NOT_RUNNING = 3;
const DEFAULT_GRACE_S = 10;
const MAX_CPUS = 64;

interface RawHostOptions {
  auto?: string;
  memory?: number;
  cpus?: number;
  sched?: PolicyName;
  bridge?: string[];
  uplink?: string[];
  referee?: boolean;
  ledger?: boolean;
}

const hostOptions = (parser: Argv): Argv<RawHostOptions> =>
  parser
    .option('cpus', {type: 'number', describe: 'CPUs of the host', requiresArg: true})
    .option('sched', {choices: POLICIES, describe: 'Scheduler of the first CPU pool', requiresArg: true})
    .option('memory', {type: 'number', describe: 'Memory of the host in MiB', requiresArg: true})
    .option('bridge', {
      type: 'string',
      array: true,
      describe: 'A bridge: NAME[,ADDRESS OF DOM0] or NAME,nat=ADDRESS OF DOM0',
      requiresArg: true,
    })
    .option('referee', {type: 'boolean', describe: 'Judge all that domains and backends do by the clauses'})
    .option('ledger', {type: 'boolean', describe: 'Count what I/O costs; pvsim ledger shows it'})
    .option('uplink', {
      type: 'string',
      array: true,
      describe: 'Another program on a bridge: BRIDGE=stream:SOCKET, BRIDGE=listen:SOCKET or BRIDGE=dgram:SOCKET,PEER',
      requiresArg: true,
    })
    .option('auto', {type: 'string', describe: 'Create a domain from each file in this directory', requiresArg: true});

const readHostOptions = (raw: RawHostOptions): HostArguments => {
  const {memory, cpus, sched, bridge = [], uplink = [], referee, ledger} = raw;
  if (memory !== undefined && !(Number.isSafeInteger(memory) && memory > 0)) {
    throw new ToolstackError('EINVAL', 'pvsim: --memory must be a number of MiB', 2);
  }
  if (cpus !== undefined && !(Number.isInteger(cpus) && cpus > 0 && cpus <= MAX_CPUS)) {
    throw new ToolstackError('EINVAL', `pvsim: --cpus must be a number from 1 to ${MAX_CPUS}`, 2);
  }
  return {memoryMib: memory, cpus, scheduler: sched, bridges: parseBridges(bridge, uplink), referee, ledger};
};

const startCommand: CommandModule<object, RawHostOptions> = {
  command: 'start',
  describe: 'Start the host, if it does not run, and leave it running',
  builder: hostOptions,
  handler: async (raw) => {
    const options = readHostOptions(raw);
    const home = findHome();
    const running = await connectTo(home);
    const {connectOrStart} = await import('../../daemon/start.ts');
    const client = running ?? (await connectOrStart(home, formatHostArguments(options)));
    const {pid} = await client.daemon;
    process.stdout.write(`pvsim: the host in ${home.dir} ${running ? 'was running' : 'runs'} (pid ${pid})\n`);
    await client.close();
    if (raw.auto !== undefined)
      await autoStart(home, resolve(raw.auto), (line) => void process.stdout.write(`${line}\n`));
  },
};

const runCommand: CommandModule<object, RawHostOptions> = {
  command: 'run',
  describe: 'Run the host in the foreground until Ctrl-C',
  builder: hostOptions,
  handler: async (raw) => {
    const options = readHostOptions(raw);
    const {runDaemon} = await import('../../daemon/run.ts');
    const {stderrLog} = await import('../../daemon/log.ts');
    const home = findHome();
    const startGuests = (): void => {
      if (raw.auto !== undefined)
        autoStart(home, resolve(raw.auto), stderrLog).catch((error: Error) => stderrLog(error.message));
    };
    process.exit(await runDaemon(home, stderrLog, options, startGuests));
  },
};

const stopCommand: CommandModule<object, {timeout: number}> = {
  command: 'stop',
  describe: 'Shut the guests down, then stop the host',
  builder: (parser) =>
    parser.option('timeout', {
      type: 'number',
      default: DEFAULT_GRACE_S,
      requiresArg: true,
      describe: 'Seconds a guest may take before it is destroyed',
    }),
  handler: async ({timeout}) => {
    if (!(timeout >= 0 && timeout < 2 ** 21)) throw new ToolstackError('EINVAL', 'pvsim: --timeout is out of range', 2);
    const home = findHome();
    const client = await connectTo(home);
    if (client === undefined) return void process.stdout.write(`pvsim: no host runs in ${home.dir}\n`);
    const gone = new Promise<void>((resolve) => client.onClose(resolve));
    await client.call('stop', {graceMs: Math.round(timeout * 1000)}).catch(unlessLost);
    await gone;
    const {waitReleased} = await import('../../daemon/lock.ts');
    await waitReleased(home.lock);
  },
};

/** A host that has gone before its answer arrived has stopped, too. */
const unlessLost = (error: unknown): void => {
  if (!(error instanceof ToolstackError && error.code === CONNECTION_LOST)) throw error;
};

const statusCommand: CommandModule = {
  command: 'status',
  describe: 'Tell whether the host runs (exit status 3: it does not)',
  handler: async () => {
    const home = findHome();
    const client = await connectTo(home);
    if (client === undefined) {
      process.stdout.write(`pvsim: no host runs in ${home.dir}\n`);
      process.exitCode = EXIT_NOT_RUNNING;
      return;
    }
    process.stdout.write(await describeHost(home, client));
    await client.close();
  },
};

const describeHost = async (home: HostHome, client: DaemonClient): Promise<string> => {
  const {pid, version} = await client.daemon;
  const domains = await client.call('domain.list', {});
  const rows = [
    ['pid', String(pid)],
    ['version', version],
    ['home', home.dir],
    ['xenstored', home.xenstoreSocket],
    ['log', home.daemonLog],
    ['domains', domains.map(({name, domid}) => `${name} (${domid})`).join(', ')],
  ];
  return rows.map(([name, value]) => `${name.padEnd(10)}: ${value}\n`).join('');
};

const envCommand: CommandModule = {
  command: 'env',
  describe: 'Print shell commands that point xenstore clients at the host: eval "$(pvsim host env)"',
  handler: () => {
    const home = findHome();
    process.stdout.write(`export PVSIM_HOME=${quote(home.dir)}\nexport XENSTORED_PATH=${quote(home.xenstoreSocket)}\n`);
  },
};

/** For a POSIX shell; plain words stay as they are. */
const quote = (word: string): string =>
  /^[\w./:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

export const hostCommand: CommandModule = {
  command: 'host',
  describe: 'Start, stop and look at the host',
  builder: (parser) =>
    [startCommand, stopCommand, statusCommand, runCommand, envCommand]
      .reduce((each, command) => each.command(command as CommandModule), parser)
      .demandCommand(1, 'a command is missing'),
  handler: () => {},
};
