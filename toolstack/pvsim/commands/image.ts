import {relative, resolve} from 'node:path';
import type {Argv, CommandModule} from 'yargs';

interface BuildOptions {
  out?: string;
}

const debianCommand: CommandModule<object, BuildOptions> = {
  command: 'debian',
  describe: "Make a guest from Debian's i386 packages: kernel, initramfs and config",
  builder: (parser: Argv): Argv<BuildOptions> =>
    parser.option('out', {type: 'string', describe: 'Directory to make', default: 'debian', requiresArg: true}),
  handler: async ({out = 'debian'}) => {
    const {buildDebian} = await import('../../image/debian.ts');
    const directory = resolve(out);
    await buildDebian(directory, (line) => process.stderr.write(`pvsim: ${line}\n`));
    process.stdout.write(`cd ${relative('.', directory) || '.'} && xl create -c linux.cfg\n`);
  },
};

const buildCommand: CommandModule = {
  command: 'build',
  describe: 'Make a guest',
  builder: (parser) => parser.command(debianCommand).demandCommand(1, 'a command is missing'),
  handler: () => undefined,
};

export const imageCommand: CommandModule = {
  command: 'image',
  describe: 'Make guests that boot',
  builder: (parser) => parser.command(buildCommand).demandCommand(1, 'a command is missing'),
  handler: () => undefined,
};
