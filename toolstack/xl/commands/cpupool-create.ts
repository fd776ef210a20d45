import {readFileSync} from 'node:fs';
import {basename, resolve} from 'node:path';
import {parseConfig, type Settings, withOverrides} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {type CpuPoolListing, type Scheduler, SCHEDULERS} from '../../host/cpus/index.ts';
import {strerror} from '../../strerror.ts';
import type {Run, Xl} from '../command.ts';
import {parseCpus} from '../cpupool.ts';
import {orFail} from '../libxl-errors.ts';
import {hostTopology} from '../topology.ts';

/** @see xlcpupool.cfg(5) */
export const run: Run = async (xl, options, operands) => {
  const overrides = operands.filter((operand) => operand.includes('='));
  const files = [options.value('f'), ...operands.filter((operand) => !operand.includes('='))].filter((each) => each);
  if (files.length > 1) {
    xl.usage();
    return 1;
  }
  const [file] = files;
  const source = file ?? 'command line';
  const text = withOverrides(file === undefined ? '' : readFile(xl, file), overrides);
  const {settings} = parseConfig(text, source);
  const name = stringOf(settings, 'name') ?? (file === undefined ? undefined : basename(file));
  if (name === undefined) throw new ToolstackError('EINVAL', 'Missing cpupool name!');
  const client = await xl.client();
  const pools = await client.call('pool.list', {});
  if (pools.some((pool) => pool.name === name))
    throw new ToolstackError('EEXIST', `Pool name "${name}" already exists`);
  const scheduler = schedulerOf(settings, pools[0]);
  const cpus = await cpusOf(xl, settings, pools);
  xl.out(
    `Using config file "${source}"\ncpupool name:   ${name}\nscheduler:      ${scheduler}\n` +
      `number of cpus: ${cpus.length}\n`,
  );
  if (xl.dryRun || options.has('n')) return 0;
  await orFail(client.call('pool.create', {name, scheduler, cpus}), () => 'error on creating cpupool');
  return 0;
};

const readFile = ({cwd}: Xl, file: string): string => {
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    const reason = strerror(error as NodeJS.ErrnoException);
    throw new ToolstackError('ENOENT', `Failed to read config file: ${file}: ${reason}`);
  }
};

const schedulerOf = (settings: Settings, {scheduler}: CpuPoolListing): Scheduler => {
  const wanted = stringOf(settings, 'sched');
  if (wanted === undefined) return scheduler;
  const known = SCHEDULERS.find((name) => name === wanted);
  if (known === undefined) throw new ToolstackError('EINVAL', 'Unknown scheduler');
  return known;
};

/** Of nodes=, else of cpus= as a list or as text. */
const cpusOf = async (xl: Xl, settings: Settings, pools: readonly CpuPoolListing[]): Promise<number[]> => {
  const topology = await hostTopology(xl);
  const used = new Set(pools.flatMap(({cpus}) => cpus));
  const nodes = listOf(settings, 'nodes');
  if (nodes !== undefined) {
    const free = nodes.flatMap((node) => topology[Number(node)] ?? []).filter((cpu) => !used.has(cpu));
    if (free.length === 0) throw new ToolstackError('EBUSY', 'no free cpu found');
    return free;
  }
  const text = stringOf(settings, 'cpus');
  const cpus = listOf(settings, 'cpus')?.map(Number) ?? (text === undefined ? [] : await parseCpus(xl, text));
  const wrong = cpus.find((cpu) => !topology.flat().includes(cpu) || used.has(cpu));
  if (wrong !== undefined) throw new ToolstackError('EBUSY', `cpu ${wrong} illegal or not free`);
  return cpus;
};

const stringOf = (settings: Settings, key: string): string | undefined => {
  const value = settings.get(key)?.value;
  return value?.kind === 'string' ? value.text : undefined;
};

const listOf = (settings: Settings, key: string): string[] | undefined => {
  const value = settings.get(key)?.value;
  if (value?.kind !== 'list') return undefined;
  return value.items.flatMap((item) => (item.kind === 'string' ? [item.text] : []));
};
