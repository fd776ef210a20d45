import {relative, resolve} from 'node:path';
import type {Argv, CommandModule} from 'yargs';

interface BuildOptions {
  out?: string;
}

interface GrubOptions extends BuildOptions {
  memdisk?: string[];
}

const progress = (line: string): boolean => process.stderr.write(`pvsim: ${line}\n`);

/** What to type next. */
const printNext = (directory: string, config: string): void => {
  process.stdout.write(`cd ${relative('.', directory) || '.'} && xl create -c ${config}\n`);
};

const debianCommand: CommandModule<object, BuildOptions> = {
  command: 'debian',
  describe: "Make a guest from Debian's i386 packages: kernel, initramfs and config",
  builder: (parser: Argv): Argv<BuildOptions> =>
    parser.option('out', {type: 'string', describe: 'Directory to make', default: 'debian', requiresArg: true}),
  handler: async ({out = 'debian'}) => {
    const {buildDebian} = await import('../../image/debian.ts');
    const directory = resolve(out);
    await buildDebian(directory, progress);
    printNext(directory, 'linux.cfg');
  },
};

const grubCommand: CommandModule<object, GrubOptions> = {
  command: 'grub',
  describe: "Make a guest of Debian's GRUB for PVH, which boots the kernel that a disk of its own has",
  builder: (parser: Argv): Argv<GrubOptions> =>
    parser
      .option('memdisk', {
        type: 'string',
        array: true,
        describe: 'Files to put into it; one called grub.cfg is what it runs',
        requiresArg: true,
      })
      .option('out', {type: 'string', describe: 'Directory to make', default: 'grub', requiresArg: true}),
  handler: async ({memdisk = [], out = 'grub'}) => {
    const {buildGrub} = await import('../../image/grub.ts');
    const directory = resolve(out);
    await buildGrub({directory, memdisk, progress});
    printNext(directory, 'pvgrub.cfg');
  },
};

const buildCommand: CommandModule = {
  command: 'build',
  describe: 'Make a guest',
  builder: (parser) => parser.command(debianCommand).command(grubCommand).demandCommand(1, 'a command is missing'),
  handler: () => undefined,
};

export const imageCommand: CommandModule = {
  command: 'image',
  describe: 'Make guests that boot',
  builder: (parser) => parser.command(buildCommand).demandCommand(1, 'a command is missing'),
  handler: () => undefined,
};
