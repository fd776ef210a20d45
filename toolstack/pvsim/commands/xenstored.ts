import type {Argv, CommandModule} from 'yargs';
import type {Profile} from '../../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../../errors.ts';

interface XenstoredArguments {
  socket: string;
  rings: string;
  profile: Profile;
  state?: string;
  'domain-sockets'?: string;
  verbose: boolean;
}

const builder = (parser: Argv): Argv<XenstoredArguments> =>
  parser
    .option('socket', {type: 'string', demandOption: true, requiresArg: true, describe: 'Unix socket to serve'})
    .option('rings', {choices: ['none'], default: 'none', describe: 'Transport of domains beside their sockets'})
    .option('profile', {
      choices: ['c-4.17', 'current'] as const,
      default: 'c-4.17' as const,
      describe: 'Which daemon to be like',
    })
    .option('state', {type: 'string', requiresArg: true, describe: 'File that keeps the tree'})
    .option('domain-sockets', {
      type: 'string',
      requiresArg: true,
      describe: 'Directory for domN.sock, a stream for each introduced domain N',
    })
    .option('verbose', {type: 'boolean', default: false, describe: 'Print each request on stderr'});

/** Runs in the foreground until a signal ends it. */
export const xenstoredCommand: CommandModule<object, XenstoredArguments> = {
  command: 'xenstored',
  describe: 'Run the store daemon alone, without a host',
  builder,
  handler: async ({socket, profile, state, domainSockets, verbose}: XenstoredArguments & {domainSockets?: string}) => {
    const {serveXenstored} = await import('../../xenstored/serve.ts');
    const {printRequest} = await import('../../xenstored/print-request.ts');
    const served = await serveXenstored({
      socketPath: socket,
      profile,
      statePath: state,
      domainSockets,
      onRequest: verbose ? printRequest : undefined,
      log: verbose ? (line) => void process.stderr.write(`${line}\n`) : undefined,
    }).catch((error: unknown) => {
      if (error instanceof ToolstackError) throw error;
      throw new ToolstackError('EIO', `pvsim: ${error instanceof Error ? error.message : String(error)}`);
    });
    const stopped = new Promise<void>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
    });
    await stopped;
    await served.close();
  },
};
