import type {Argv, CommandModule} from 'yargs';
import type {DaemonClient} from '../../daemon/client.ts';
import {findHome} from '../../daemon/home.ts';
import {ToolstackError} from '../../errors.ts';

interface NbdArguments {
  domain: string;
  vdev: string;
  socket?: string;
  port?: number;
}

interface IscsiArguments {
  domain: string;
  host: number;
  other?: string[];
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

const iscsiBuilder = (parser: Argv): Argv<IscsiArguments> =>
  parser
    .positional('domain', {type: 'string', demandOption: true, describe: 'Name or id of a running domain'})
    .positional('host', {type: 'number', demandOption: true, describe: 'Number of its SCSI host, the first of h:c:t:l'})
    .option('other', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'Further domains with the same units, one for each further initiator',
    })
    .option('port', {type: 'number', requiresArg: true, describe: 'Port of localhost; any that is free by default'});

const checkPort = (port: number): void => {
  if (Number.isInteger(port) && port >= 0 && port < 65536) return;
  throw new ToolstackError('EINVAL', `pvsim: --port ${port} is not a port`, EXIT_USAGE);
};

/** Serves what `begin` exports until a signal comes, or one of the domains or the host is gone. Prints its URIs. */
const serve = async (
  domains: readonly string[],
  begin: (client: DaemonClient, domids: number[]) => Promise<string[]>,
): Promise<void> => {
  const {connectTo} = await import('../../daemon/client.ts');
  const home = findHome();
  const client = await connectTo(home);
  if (client === undefined) throw new ToolstackError('ESRCH', `pvsim: no host runs in ${home.dir}`);
  try {
    const domids: number[] = [];
    for (const name of domains) {
      const domid = await client.call('domain.resolve', {name});
      if (domid === null) throw new ToolstackError('ESRCH', `pvsim: no domain "${name}"`);
      domids.push(domid);
    }
    for (const uri of await begin(client, domids)) console.log(uri);
    const gone = domids.map((domid) => client.call('domain.waitDestroyed', {domid}).catch(() => null));
    await Promise.race([...gone, signalled()]);
  } finally {
    await client.close();
  }
};

const exportNbd = async ({domain, vdev, socket = '', port = 0}: NbdArguments): Promise<void> => {
  checkPort(port);
  const path = await import('node:path');
  const absolute = socket === '' ? '' : path.resolve(socket);
  await serve([domain], async (client, [domid]) => {
    const {uri} = await client.call('export.nbd', {domid, vdev, socket: absolute, port});
    return [uri];
  });
};

const exportIscsi = async ({domain, host, other = [], port = 0}: IscsiArguments): Promise<void> => {
  checkPort(port);
  await serve([domain, ...other], async (client, domids) => {
    const {uris} = await client.call('export.iscsi', {domids, vhost: host, port});
    return uris;
  });
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

const iscsiCommand: CommandModule<object, IscsiArguments> = {
  command: 'iscsi <domain> <host>',
  describe: "Serve a domain's SCSI units over iSCSI, every command through its frontend, ring and backend",
  builder: iscsiBuilder,
  handler: exportIscsi,
};

export const exportCommand: CommandModule = {
  command: 'export',
  describe: 'Give programs of this machine access to the devices of a domain',
  builder: (parser) =>
    parser
      .command(nbdCommand as CommandModule)
      .command(iscsiCommand as CommandModule)
      .demandCommand(1, 'say what: nbd or iscsi'),
  handler: () => {},
};
