#!/usr/bin/env node
import yargs, {type Argv, type CommandModule} from 'yargs';
import {hideBin} from 'yargs/helpers';
import {nearNames} from '../../hypervisor/abi/near-names.ts';
import {endWhenOutputBreaks} from '../broken-output.ts';
import {packageVersion} from '../daemon/version.ts';
import {ToolstackError} from '../errors.ts';
import {abiCommand} from './commands/abi.ts';
import {arinc653Command} from './commands/arinc653.ts';
import {benchCommand} from './commands/bench.ts';
import {bootCommand} from './commands/boot.ts';
import {captureCommand} from './commands/capture.ts';
import {configCommand} from './commands/config.ts';
import {conformCommand} from './commands/conform.ts';
import {exportCommand} from './commands/export.ts';
import {completionCommand} from './commands/completion.ts';
import {hostCommand} from './commands/host.ts';
import {imageCommand} from './commands/image.ts';
import {ledgerCommand} from './commands/ledger.ts';
import {netCommand} from './commands/net.ts';
import {simCommand} from './commands/sim.ts';
import {xenbusCommand} from './commands/xenbus.ts';
import {xenstoreCommand} from './commands/xenstore.ts';
import {xenstoredCommand} from './commands/xenstored.ts';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
const MAX_COLUMNS = 100;

const commands = (parser: Argv): Argv =>
  [
    hostCommand,
    completionCommand,
    configCommand,
    imageCommand,
    bootCommand,
    xenstoreCommand,
    xenstoredCommand,
    abiCommand,
    xenbusCommand,
    conformCommand,
    simCommand,
    benchCommand,
    exportCommand,
    captureCommand,
    ledgerCommand,
    netCommand,
    arinc653Command,
  ].reduce((each, command) => each.command(command as CommandModule), parser);

const main = async (args: readonly string[]): Promise<void> => {
  const parser = yargs([...args])
    .locale('en')
    .scriptName('pvsim')
    .usage('$0 COMMAND\n\nA whole Xen host in one process. Domains are made with xl.');
  await commands(parser)
    .demandCommand(1, 'a command is missing')
    .strict()
    .recommendCommands()
    .version(packageVersion())
    .alias({h: 'help'})
    .wrap(Math.min(MAX_COLUMNS, process.stdout.columns ?? MAX_COLUMNS))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new ToolstackError('EINVAL', `pvsim: ${reword(message, args)}; see "pvsim --help"`, EXIT_USAGE);
    })
    .parseAsync();
};

/** What yargs complains about, in one line that names the word in question. */
const reword = (message: string, args: readonly string[]): string => {
  const suggestion = /^Did you mean (.*)\?$/.exec(message)?.[1];
  if (suggestion !== undefined)
    return `unknown command "${nearNames(suggestion, args)[0] ?? args.at(-1)}", did you mean ${suggestion}?`;
  if (message.startsWith('Not enough non-option arguments')) return 'an argument is missing';
  return message.charAt(0).toLowerCase() + message.slice(1).replaceAll(/\s+/g, ' ');
};

const explain = (error: unknown): void => {
  if (!(error instanceof Error)) throw error;
  // The config module is loaded by few commands: its errors are known by name.
  const known = error instanceof ToolstackError || error.name === 'ConfigError';
  process.stderr.write(`${known ? error.message : `pvsim: ${error.stack}`}\n`);
  process.exitCode = error instanceof ToolstackError ? error.exitStatus : EXIT_FAILURE;
};

endWhenOutputBreaks('pvsim');

await main(hideBin(process.argv)).catch(explain);
