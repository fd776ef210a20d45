import {readFileSync} from 'node:fs';
import type {Argv, CommandModule} from 'yargs';
import {ToolstackError} from '../../errors.ts';
import {strerror} from '../../strerror.ts';

const ABIS = ['x86_64', 'x86_32'] as const;

interface AbiArguments {
  abi: (typeof ABIS)[number];
}

const abiOption = (parser: Argv): Argv<AbiArguments> =>
  parser.option('abi', {describe: 'Whose layout', choices: ABIS, default: ABIS[0]});

const showCommand: CommandModule<object, AbiArguments & {struct: string}> = {
  command: 'show <struct>',
  describe: 'Print the layout of a struct as pahole does',
  builder: (parser) =>
    abiOption(parser).positional('struct', {type: 'string', demandOption: true, describe: 'Tag or typedef'}),
  handler: async ({struct, abi}) => {
    const {showStruct} = await import('../../../hypervisor/abi/show.ts');
    const shown = showStruct(struct, abi);
    if (!shown.ok) throw new ToolstackError('ENOENT', `pvsim: ${shown.message}`);
    process.stdout.write(shown.text);
  },
};

const listCommand: CommandModule<object, AbiArguments> = {
  command: 'list',
  describe: 'Print the names of all structs',
  builder: abiOption,
  handler: async ({abi}) => {
    const {structNames} = await import('../../../hypervisor/abi/show.ts');
    process.stdout.write(`${structNames(abi).join('\n')}\n`);
  },
};

const replayCommand: CommandModule<object, {file: string}> = {
  command: 'replay <file>',
  describe: 'Replay ring operations (JSON lines) and compare indexes, notify decisions and page hashes',
  builder: (parser) => parser.positional('file', {type: 'string', demandOption: true}),
  handler: async ({file}) => {
    const lines = readLines(file);
    const {replay} = await import('../../../hypervisor/abi/replay.ts');
    const {steps, mismatches, first, error} = replay(lines);
    if (error !== undefined) throw new ToolstackError('EINVAL', `pvsim: ${file}: ${error}`);
    if (first !== undefined) {
      const {line, op, what, expected, actual} = first;
      const values = `${JSON.stringify(expected)} expected, ${JSON.stringify(actual)} found`;
      process.stderr.write(`pvsim: ${file}: line ${line}: ${op}: ${what}: ${values}\n`);
    }
    process.stdout.write(`steps ${steps}, mismatches ${mismatches}\n`);
    if (mismatches > 0) process.exitCode = 1;
  },
};

const readLines = (file: string): string[] => {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    throw new ToolstackError('ENOENT', `pvsim: ${file}: ${strerror(error as NodeJS.ErrnoException)}`);
  }
};

export const abiCommand: CommandModule = {
  command: 'abi',
  describe: "Look at the public headers' structs and rings",
  builder: (parser) =>
    parser.command(showCommand).command(listCommand).command(replayCommand).demandCommand(1, 'a command is missing'),
  handler: () => {},
};
