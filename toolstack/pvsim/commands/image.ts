import {readFileSync} from 'node:fs';
import {basename, relative, resolve} from 'node:path';
import type {Argv, CommandModule} from 'yargs';
import {ToolstackError} from '../../errors.ts';
import type {GuestRoot} from '../../image/debian.ts';
import {strerror} from '../../strerror.ts';

interface BuildOptions {
  out?: string;
}

interface DebianOptions extends BuildOptions {
  root?: GuestRoot;
}

interface GrubOptions extends BuildOptions {
  memdisk?: string[];
}

const ROOTS = ['initramfs', 'ext4'] as const satisfies readonly GuestRoot[];

const ERASE_LINE = '\r\u001B[K';

/** On a terminal what is being done is one line that changes; elsewhere each step is a line. */
const withProgress = async <T>(build: (progress: (line: string) => void) => Promise<T>): Promise<T> => {
  const {stderr} = process;
  try {
    return await build((line) => stderr.write(stderr.isTTY ? `${ERASE_LINE}pvsim: ${line}` : `pvsim: ${line}\n`));
  } finally {
    if (stderr.isTTY) stderr.write(ERASE_LINE);
  }
};

/** What to type next. */
const printNext = (directory: string, config: string): void => {
  process.stdout.write(`cd ${relative('.', directory) || '.'} && xl create -c ${basename(config)}\n`);
};

const debianCommand: CommandModule<object, DebianOptions> = {
  command: 'debian',
  describe: "Make a guest from Debian's i386 packages: kernel, initramfs and config",
  builder: (parser: Argv): Argv<DebianOptions> =>
    parser
      .option('root', {
        choices: ROOTS,
        describe: 'Where its files are: in memory, or on a disk with e2fsprogs, sg3-utils and fio',
        default: 'initramfs' as const,
        requiresArg: true,
      })
      .option('out', {type: 'string', describe: 'Directory to make', default: 'debian', requiresArg: true}),
  handler: async ({root, out = 'debian'}) => {
    const {buildDebian} = await import('../../image/debian.ts');
    const directory = resolve(out);
    const {config} = await withProgress((progress) => buildDebian({directory, root, progress}));
    printNext(directory, config);
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
    const {config} = await withProgress((progress) => buildGrub({directory, memdisk, progress}));
    printNext(directory, config);
  },
};

const buildCommand: CommandModule = {
  command: 'build',
  describe: 'Make a guest',
  builder: (parser) => parser.command(debianCommand).command(grubCommand).demandCommand(1, 'a command is missing'),
  handler: () => undefined,
};

interface SnapshotArguments {
  cfg: string;
  out?: string;
  ready?: string;
  timeout?: number;
}

const DEFAULT_TIMEOUT_S = 120;

const snapshotCommand: CommandModule<object, SnapshotArguments> = {
  command: 'snapshot <cfg>',
  describe: 'Boot a guest and save it when it is ready: a domain from that image needs no boot',
  builder: (parser) =>
    parser
      .positional('cfg', {type: 'string', demandOption: true, describe: 'Its configuration'})
      .option('out', {
        alias: 'o',
        type: 'string',
        describe: 'File to make, or its directory',
        default: '.',
        requiresArg: true,
      })
      .option('ready', {
        type: 'string',
        requiresArg: true,
        describe: "What it prints when it is ready; a shell's prompt",
      })
      .option('timeout', {
        type: 'number',
        requiresArg: true,
        describe: 'Seconds that it may take',
        default: DEFAULT_TIMEOUT_S,
      }),
  handler: async ({cfg, out = '.', ready, timeout = DEFAULT_TIMEOUT_S}) => {
    const {makeWarmImage} = await import('../../image/snapshot.ts');
    const options = {text: readText(cfg), configFile: cfg, baseDir: resolve('.'), out: resolve(out), ready};
    const {config} = await withProgress((progress) => makeWarmImage({...options, timeoutMs: timeout * 1000, progress}));
    process.stdout.write(config);
  },
};

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ToolstackError('ENOENT', `pvsim: ${path}: ${strerror(error as NodeJS.ErrnoException)}`);
  }
};

export const imageCommand: CommandModule = {
  command: 'image',
  describe: 'Make guests that boot',
  builder: (parser) => parser.command(buildCommand).command(snapshotCommand).demandCommand(1, 'a command is missing'),
  handler: () => undefined,
};
