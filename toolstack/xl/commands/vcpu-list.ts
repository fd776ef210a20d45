import {formatCpuList, type HostTopology} from '../../config/cpu-list.ts';
import {ToolstackError} from '../../errors.ts';
import type {VcpuListing} from '../../host/cpus/index.ts';
import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {left, right} from '../printf.ts';
import {hostTopology} from '../topology.ts';

/** @see golden/cli/xl-vcpu-list.txt */
export const HEADER =
  `${left('Name', 32)} ${right('ID', 5)} ${right('VCPU', 5)} ${right('CPU', 5)} ${right('State', 5)} ` +
  `${right('Time(s)', 9)} Affinity (Hard / Soft)\n`;

export const formatVcpu = (row: VcpuListing, topology: HostTopology): string => {
  const state = row.online ? `${row.running ? 'r' : '-'}${row.blocked ? 'b' : '-'}-` : '--p';
  return (
    `${left(row.name, 32)} ${right(row.domid, 5)} ${right(row.vcpu, 5)}${right(row.online ? row.cpu : '-', 5)} ` +
    `${right(state, 5)} ${right(row.cpuSeconds.toFixed(1), 9)}  ` +
    `${formatCpuList(row.hard, topology)} / ${formatCpuList(row.soft, topology)}\n`
  );
};

export const run: Run = async (xl, _options, names) => {
  const client = await xl.client();
  const topology = await hostTopology(xl);
  xl.out(HEADER);
  /** xl goes on after a domain that is not there. */
  const print = async (domid: number): Promise<void> => {
    try {
      for (const row of await client.call('vcpu.list', {domid})) xl.out(formatVcpu(row, topology));
    } catch (error) {
      if (!(error instanceof ToolstackError)) throw error;
      xl.complain(error.message);
    }
  };
  if (names.length === 0) for (const {domid} of await client.call('domain.list', {})) await print(domid);
  for (const name of names) await print(await findDomain(xl, name));
  return 0;
};
