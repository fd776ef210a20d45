import {existsSync, readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import type {CommandModule} from 'yargs';
import {ToolstackError} from '../../errors.ts';

interface BootArguments {
  explain: string;
  cfg?: string;
}

const KIB_PER_PAGE = 4;
const DEFAULT_MEMORY_KIB = 128 * 1024;

export const bootCommand: CommandModule<object, BootArguments> = {
  command: 'boot [cfg]',
  describe: 'Say what the domain builder sees in a kernel, and what it makes of it with a config',
  builder: (parser) =>
    parser
      .option('explain', {type: 'string', demandOption: true, requiresArg: true, describe: 'The kernel'})
      .positional('cfg', {type: 'string', describe: 'Config that gives memory, ramdisk and command line'}),
  handler: async ({explain, cfg}) => {
    const {explainBoot} = await import('../../builder/explain.ts');
    const config = cfg === undefined ? undefined : await readConfig(cfg);
    const options = {
      kernel: existing(explain),
      ramdisk: config?.ramdisk === undefined ? undefined : existing(config.ramdisk),
      cmdline: config?.cmdline ?? '',
      pages: Math.floor((config?.memoryKib ?? DEFAULT_MEMORY_KIB) / KIB_PER_PAGE),
    };
    process.stdout.write(`${(await explainBoot(options)).join('\n')}\n`);
  },
};

const existing = (path: string): string => {
  if (!existsSync(path)) throw new ToolstackError('ENOENT', `pvsim: ${path}: No such file or directory`);
  return resolve(path);
};

const readConfig = async (path: string) => {
  const {domainConfig, parseConfig} = await import('../../config/index.ts');
  return domainConfig(parseConfig(readFileSync(existing(path), 'utf8'), path), {random: () => 0});
};
