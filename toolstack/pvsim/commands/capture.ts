import type {Writable} from 'node:stream';
import type {Argv, CommandModule} from 'yargs';
import type {DaemonClient} from '../../daemon/client.ts';
import {findHome} from '../../daemon/home.ts';
import {ToolstackError} from '../../errors.ts';
import {strerror} from '../../strerror.ts';

interface CaptureArguments {
  domain: string;
  device?: string;
  write: string;
  count: number;
}

const EXIT_USAGE = 2;
const COUNT_MAX = 2 ** 32 - 1;

const captureBuilder = (parser: Argv): Argv<CaptureArguments> =>
  parser
    .positional('domain', {type: 'string', demandOption: true, describe: 'Name or id of a running domain'})
    .positional('device', {type: 'string', describe: 'One of its network devices, by number or MAC; all without'})
    .option('write', {
      alias: 'w',
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'File, or - for stdout',
    })
    .option('count', {
      alias: 'c',
      type: 'number',
      default: 0,
      requiresArg: true,
      describe: 'Packets to stop after; 0: none',
    });

const capture = async ({domain, device, write, count}: CaptureArguments): Promise<void> => {
  if (!(Number.isInteger(count) && count >= 0 && count <= COUNT_MAX)) {
    throw new ToolstackError('EINVAL', `pvsim: --count ${count} is not a number of packets`, EXIT_USAGE);
  }
  const {connectTo} = await import('../../daemon/client.ts');
  const home = findHome();
  const client = await connectTo(home);
  if (client === undefined) throw new ToolstackError('ESRCH', `pvsim: no host runs in ${home.dir}`);
  try {
    const domid = await client.call('domain.resolve', {name: domain});
    if (domid === null) throw new ToolstackError('ESRCH', `pvsim: no domain "${domain}"`);
    const which = device ?? null;
    const totals = await record(client, {domid, which, count}, write);
    process.stderr.write(`${totals.packets} packets captured, ${totals.dropped} dropped\n`);
  } finally {
    await client.close();
  }
};

interface Totals {
  packets: number;
  dropped: number;
}

/** Writes what comes until the capture ends; a signal ends it, too. */
const record = async (
  client: DaemonClient,
  request: {domid: number; which: string | null; count: number},
  path: string,
): Promise<Totals> => {
  const totals = {packets: 0, dropped: 0};
  const {PassThrough} = await import('node:stream');
  const {pipeline} = await import('node:stream/promises');
  const incoming = new PassThrough();
  incoming.on('drain', () => client.resume());
  client.on('capture.output', ({data}) => {
    if (!incoming.write(Buffer.from(data, 'base64'))) client.pause();
  });
  client.on('capture.closed', ({packets, dropped}) => {
    Object.assign(totals, {packets, dropped});
    incoming.end();
  });
  client.onClose(() => incoming.end());

  const {stream} = await client.call('capture.start', request);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => void client.call('capture.stop', {stream}).catch(() => {}));
  }
  try {
    await pipeline(incoming, await openOutput(path), {end: path !== '-'});
  } catch (error) {
    const reason = strerror(error as NodeJS.ErrnoException);
    throw new ToolstackError('EIO', `pvsim: cannot write ${path}: ${reason}`);
  }
  return totals;
};

/** Only now: a capture that is refused leaves the file as it was. */
const openOutput = async (path: string): Promise<Writable> => {
  if (path === '-') return process.stdout;
  const {open} = await import('node:fs/promises');
  return (await open(path, 'w')).createWriteStream();
};

export const captureCommand: CommandModule<object, CaptureArguments> = {
  command: 'capture <domain> [device]',
  describe: "Write the packets that cross a domain's network devices to a pcapng file, or live to Wireshark",
  builder: captureBuilder,
  handler: capture,
};
