import {parseCpuList} from '../cpu-list.ts';
import {choice, field, invalidValue, type Context, type Step} from './step.ts';
import {virtualNuma} from './vnuma.ts';

const INT_MAX = 2n ** 31n - 1n;

/** More vCPUs than this cannot be listed; libxl's own limit is far lower and checked when the domain is built. */
const VCPUS_MAX = 65_536;

const vcpus: Step = ({reader, draft}) => {
  const online = reader.number('vcpus');
  if (online === undefined) return;
  if (online < 0 || online > VCPUS_MAX) throw reader.fail('vcpus', ['Unable to allocate cpumap']);
  draft.vcpus = online;
};

const maxVcpus: Step = ({reader, draft}) => {
  const most = reader.number('maxvcpus');
  if (most === undefined) return;
  if (most > VCPUS_MAX) throw reader.fail('maxvcpus', ['Unable to allocate cpumap']);
  draft.maxVcpus = most;
};

/** Limits follow what is there at start unless they were given. */
const limits: Step = ({reader, draft}) => {
  if (draft.memoryKib !== undefined) draft.maxMemoryKib ??= draft.memoryKib;
  if (draft.vcpus !== undefined) draft.maxVcpus ||= draft.vcpus;
  if ((draft.maxVcpus ?? 0) < (draft.vcpus ?? 0)) throw reader.fail('maxvcpus', ['xl: maxvcpus < vcpus']);
};

/** One list for all vCPUs, or one a vCPU; entries beyond the last vCPU are not even looked at. */
const affinity =
  (key: 'cpus' | 'cpus_soft', name: 'vcpu_hard_affinity' | 'vcpu_soft_affinity'): Step =>
  (context) => {
    const {reader, draft} = context;
    const vcpuCount = Math.max(0, draft.maxVcpus ?? 0);
    const items = reader.strings(key, {quiet: true});
    const text = items === undefined ? reader.string(key) : undefined;
    if (items === undefined && text === undefined) return;
    const maps =
      text === undefined
        ? (items ?? []).slice(0, vcpuCount).map((item) => cpuMap(context, key, item.text))
        : Array.from<number[]>({length: vcpuCount}).fill(cpuMap(context, key, text));
    const {buildInfo} = draft.libxl;
    if (maps.length > 0) buildInfo[name] = maps;
    if (items !== undefined || key === 'cpus_soft') buildInfo.numa_placement = 'False';
  };

const cpuMap = ({reader, topology}: Context, key: string, list: string): number[] => {
  const map = parseCpuList(list, topology);
  if ('error' in map) throw reader.fail(key, [map.error]);
  return map;
};

/** xl exits without a word when one of these is out of range; a line is kinder. */
const bounded =
  (key: string, target: 'maxGrantFrames' | 'maxMaptrackFrames' | 'maxGrantVersion'): Step =>
  ({reader, draft}) => {
    const value = reader.integer(key, {min: 0n, max: INT_MAX}, {quiet: true});
    if (value === 'absent') return;
    if (value === 'invalid') throw reader.fail(key, [reader.at(key, `${key} must be a number from 0 to ${INT_MAX}`)]);
    draft[target] = Number(value);
  };

const hostDefaults: Step = ({draft}) => {
  draft.libxl.createInfo.run_hotplug_scripts = 'True';
  draft.libxl.buildInfo.claim_mode = 'True';
};

export const RESOURCE_STEPS: readonly Step[] = [
  hostDefaults,
  field('cpu_weight', 'number', 'schedParams.weight'),
  field('cap', 'number', 'schedParams.cap'),
  field('period', 'number', 'schedParams.period'),
  field('slice', 'number', 'schedParams.slice'),
  field('latency', 'number', 'schedParams.latency'),
  field('extratime', 'number', 'schedParams.extratime'),
  field('memory', 'kib', 'memoryKib'),
  field('maxmem', 'kib', 'maxMemoryKib'),
  vcpus,
  maxVcpus,
  choice('vuart', ['unknown', 'sbsa_uart'], 'archArm.vuart', invalidValue('vuart')),
  virtualNuma,
  limits,
  affinity('cpus', 'vcpu_hard_affinity'),
  affinity('cpus_soft', 'vcpu_soft_affinity'),
  bounded('max_grant_frames', 'maxGrantFrames'),
  bounded('max_maptrack_frames', 'maxMaptrackFrames'),
  bounded('max_grant_version', 'maxGrantVersion'),
];
