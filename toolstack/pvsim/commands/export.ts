import type {Argv, CommandModule} from 'yargs';
import {findHome} from '../../daemon/home.ts';
import {ToolstackError} from '../../errors.ts';

interface NbdArguments {
  domain: string;
  vdev: string;
  socket?: string;
  port?: number;
}

const EXIT_USAGE = 2;

const nbdBuilder = (parser: Argv): Argv<NbdArguments> =>
  parser
    .positional('domain', {type: 'string', demandOption: true, describe: 'Name or id of a running domain'})
    .positional('vdev', {type: 'string', demandOption: true, describe: 'Its disk, "xvda"'})
    .option('socket', {type: 'string', requiresArg: true, describe: 'Unix socket to listen on'})
    .option('port', {type: 'number', requiresArg: true, describe: 'Port of localhost; 0, or neither: any that is free'})
    .conflicts('socket', 'port');

/** Serves until a signal comes, or the domain or the host is gone. */
const exportNbd = async ({domain, vdev, socket = '', port = 0}: NbdArguments): Promise<void> => {
  if (!(Number.isInteger(port) && port >= 0 && port < 65536)) {
    throw new ToolstackError('EINVAL', `pvsim: --port ${port} is not a port`, EXIT_USAGE);
  }
  const path = await import('node:path');
  const {connectTo} = await import('../../daemon/client.ts');
  const home = findHome();
  const client = await connectTo(home);
  if (client === undefined) throw new ToolstackError('ESRCH', `pvsim: no host runs in ${home.dir}`);
  try {
    const domid = await client.call('domain.resolve', {name: domain});
    if (domid === null) throw new ToolstackError('ESRCH', `pvsim: no domain "${domain}"`);
    const absolute = socket === '' ? '' : path.resolve(socket);
    const {uri} = await client.call('export.nbd', {domid, vdev, socket: absolute, port});
    console.log(uri);
    const gone = client.call('domain.waitDestroyed', {domid}).catch(() => null);
    await Promise.race([gone, signalled()]);
  } finally {
    await client.close();
  }
};

const signalled = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });

const nbdCommand: CommandModule<object, NbdArguments> = {
  command: 'nbd <domain> <vdev>',
  describe: "Serve a domain's disk over NBD, every request through its frontend, ring and backend",
  builder: nbdBuilder,
  handler: exportNbd,
};

export const exportCommand: CommandModule = {
  command: 'export',
  describe: 'Give programs of this machine access to the devices of a domain',
  builder: (parser) => parser.command(nbdCommand as CommandModule).demandCommand(1, 'say what: nbd'),
  handler: () => {},
};
