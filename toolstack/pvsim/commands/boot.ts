import {existsSync, readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import type {CommandModule} from 'yargs';
import {ToolstackError} from '../../errors.ts';

interface BootArguments {
  explain: string;
  cfg?: string;
  run?: number;
}

const KIB_PER_PAGE = 4;
const DEFAULT_MEMORY_KIB = 128 * 1024;
const EXIT_USAGE = 2;

export const bootCommand: CommandModule<object, BootArguments> = {
  command: 'boot [cfg]',
  describe: 'Say what the domain builder sees in a kernel, what it makes of it with a config, and how far it gets',
  builder: (parser) =>
    parser
      .option('explain', {type: 'string', demandOption: true, requiresArg: true, describe: 'The kernel'})
      .option('run', {
        type: 'number',
        requiresArg: true,
        describe: 'Boot it for so many seconds of its time, disks read-only, and say where it stands then',
      })
      .positional('cfg', {type: 'string', describe: 'Config that gives memory, ramdisk and command line'}),
  handler: async ({explain, cfg, run}) => {
    const {explainBoot} = await import('../../builder/explain.ts');
    const config = cfg === undefined ? undefined : await readConfig(cfg);
    const {hardwareOf, hvmConfig} = await import('../../host/hvm/hvm-config.ts');
    const kernel = existing(explain);
    const hvm = config && hvmConfig({...config, kernel});
    const options = {
      kernel,
      ramdisk: config?.ramdisk === undefined ? undefined : existing(config.ramdisk),
      cmdline: config?.cmdline ?? '',
      pages: Math.floor((config?.memoryKib ?? DEFAULT_MEMORY_KIB) / KIB_PER_PAGE),
      hvm: hvm && hardwareOf(hvm),
    };
    process.stdout.write(`${(await explainBoot(options)).join('\n')}\n`);
    if (run === undefined) return;
    if (!(run > 0)) throw new ToolstackError('EINVAL', 'pvsim: --run takes a number of seconds', EXIT_USAGE);
    const {trialBoot} = await import('../trial-boot.ts');
    process.stdout.write(`${(await trialBoot({kernel, config, seconds: run})).join('\n')}\n`);
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
