import {cpus, machine, release, version} from 'node:os';
import {XEN_VERSION} from '../../../hypervisor/version.ts';
import type {HostInfo} from '../../host/api.ts';
import type {Run} from '../command.ts';
import {left, right} from '../printf.ts';

export interface Machine {
  readonly release: string;
  readonly version: string;
  readonly machine: string;
  readonly cpuMhz: number;
  readonly pvsim: string;
}

type Row = readonly [name: string, value: string | number];

/** Rows and order are xl's. @see xl-commands.json, info; golden/cli/xl-info.txt */
export const formatInfo = (info: HostInfo, on: Machine, numa: boolean): string =>
  [...rows(machineRows(info, on)), ...(numa ? topology(info) : []), ...rows(xenRows(info, on))]
    .map((line) => `${line}\n`)
    .join('');

const rows = (entries: readonly Row[]): string[] => entries.map(([name, value]) => `${left(name, 23)}: ${value}`);

const machineRows = (info: HostInfo, on: Machine): readonly Row[] => [
  ['host', info.hostname],
  ['release', on.release],
  ['version', on.version],
  ['machine', on.machine],
  ['nr_cpus', info.nrCpus],
  ['max_cpu_id', info.nrCpus - 1],
  ['nr_nodes', 1],
  ['cores_per_socket', info.nrCpus],
  ['threads_per_core', 1],
  ['cpu_mhz', on.cpuMhz.toFixed(3)],
  ['hw_caps', Array.from({length: 8}, () => '00000000').join(':')],
  ['virt_caps', 'pv gnttab-v1'],
  ['total_memory', info.totalMemoryMib],
  ['free_memory', info.freeMemoryMib],
  ['sharing_freed_memory', 0],
  ['sharing_used_memory', 0],
  ['outstanding_claims', 0],
  ['free_cpus', info.freeCpus],
];

const xenRows = ({scheduler}: HostInfo, {pvsim}: Machine): readonly Row[] => [
  ['xen_major', XEN_VERSION.major],
  ['xen_minor', XEN_VERSION.minor],
  ['xen_extra', XEN_VERSION.extra],
  ['xen_version', `${XEN_VERSION.major}.${XEN_VERSION.minor}${XEN_VERSION.extra}`],
  ['xen_caps', 'xen-3.0-x86_64 xen-3.0-x86_32p '],
  ['xen_scheduler', scheduler],
  ['xen_pagesize', 4096],
  ['platform_params', 'virt_start=0xffff800000000000'],
  ['xen_changeset', ''],
  ['xen_commandline', ''],
  ['cc_compiler', `pvsim ${pvsim} on Node.js ${process.versions.node}`],
  ['cc_compile_by', ''],
  ['cc_compile_domain', ''],
  ['cc_compile_date', ''],
  ['build_id', ''],
  ['xend_config_format', 4],
];

const topology = ({nrCpus, totalMemoryMib, freeMemoryMib}: HostInfo): string[] => [
  ...rows([['cpu_topology', '']]).map((line) => line.trimEnd()),
  'cpu:    core    socket     node',
  ...Array.from({length: nrCpus}, (_, cpu) => `${right(cpu, 3)}:${right(cpu, 8)}${right(0, 9)}${right(0, 9)}`),
  'device topology        :',
  'device           node',
  'No device topology data available',
  'numa_info              :',
  'node:    memsize    memfree    distances',
  `${right(0, 4)}:${right(totalMemoryMib, 10)}${right(freeMemoryMib, 11)}${right(10, 8)}`,
];

export const run: Run = async (xl, options) => {
  const client = await xl.client();
  const info = await client.call('host.info', {});
  const {version: pvsim} = await client.daemon;
  const cpuMhz = cpus()[0]?.speed ?? 0;
  const on = {release: release(), version: version(), machine: machine(), cpuMhz, pvsim};
  xl.out(formatInfo(info, on, options.has('n')));
  return 0;
};
