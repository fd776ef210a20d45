import {formatCpuList, type HostTopology, parseCpuList} from '../../config/cpu-list.ts';
import {DEFAULT_TOPOLOGY} from '../../config/domain-config.ts';
import {ToolstackError} from '../../errors.ts';
import type {Options, Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';
import {hostTopology} from '../topology.ts';

const U32_MAX = 2 ** 32 - 1;
/** An affinity that stays as it is. */
const UNCHANGED = '-';

/** @see xl.1, "vcpu-pin"; golden/cli/xl-vcpu-set.txt */
export const run: Run = async (xl, options, [domain, vcpuText, hardText, softText = UNCHANGED]) => {
  const domid = await findDomain(xl, domain);
  const vcpu = parseVcpu(vcpuText, options);
  const topology = xl.dryRun ? DEFAULT_TOPOLOGY : await hostTopology(xl);
  const hard = parseAffinity(hardText, topology);
  const soft = parseAffinity(softText, topology);
  if (xl.dryRun) {
    const shown = [hard ?? UNCHANGED, ...(soft === null ? [] : [soft])];
    const text = shown.map((cpus) => (typeof cpus === 'string' ? cpus : formatCpuList(cpus, topology)));
    xl.out(`cpumap: ${text.join(' ')}\n`);
    return 0;
  }
  if (hard?.length === 0) throw new ToolstackError('EINVAL', 'vcpu hard affinity map is empty');
  const client = await xl.client();
  await orFail(client.call('vcpu.pin', {domid, vcpu, hard, soft}), () =>
    vcpu === null ? 'Could not set affinity.' : `Could not set affinity for vcpu \`${vcpu}'.`,
  );
  return 0;
};

/** null: all of them. */
const parseVcpu = (text: string, options: Options): number | null => {
  const [digits] = /^\s*\d+/.exec(text) ?? [];
  if (digits !== undefined) return Math.min(Number(digits), U32_MAX);
  if (text !== 'all') throw new ToolstackError('EINVAL', `Error: Invalid argument ${text} as VCPU.`);
  if (options.has('f')) throw new ToolstackError('EINVAL', "Error: --force and 'all' as VCPU not allowed.");
  return null;
};

const parseAffinity = (text: string, topology: HostTopology): number[] | null => {
  if (text === UNCHANGED) return null;
  const cpus = parseCpuList(text, topology);
  if ('error' in cpus) throw new ToolstackError('EINVAL', cpus.error);
  return cpus;
};
