import {strtoul} from '../c-numbers.ts';
import {compact} from '../device-json.ts';
import {pairOf, wordsOf} from '../key-value-spec.ts';
import type {ConfigValue} from '../settings.ts';
import type {Context, Step} from './step.ts';

/** Nodes beyond this would not be built by any libxl, and each has a distance to each. */
const NODES_MAX = 1024;
const U64_MAX = 2n ** 64n - 1n;
/** libxl keeps sets of CPUs in whole bytes. */
const BITS_PER_BYTE = 8;

type Node = {memkb?: number; distances: number[]; pnode: number; vcpus: Set<number>};

/** Sums over all nodes, as xl keeps them. */
type Sums = {vcpus: number; memoryKib: number};

/**
 * A guest's NUMA nodes: a list of `pnode=`, `size=`, `vcpus=`, `vdistances=` for each. Their vCPUs and memory must add
 * up to maxvcpus= and maxmem=.
 */
export const virtualNuma: Step = (context) => {
  const {reader, draft, topology} = context;
  const items = reader.list('vnuma', {quiet: true});
  if (items === undefined || items.length === 0) return;
  if (items.length > NODES_MAX) throw reader.fail('vnuma', [`xl: more than ${NODES_MAX} vnuma nodes`]);
  const sums: Sums = {vcpus: 0, memoryKib: 0};
  const hostCpus = topology.flat().length;
  const vcpusMax = Math.ceil((draft.maxVcpus || hostCpus) / BITS_PER_BYTE) * BITS_PER_BYTE;
  const nodes = items.map((item) => readNode(context, item, {count: items.length, vcpusMax}, sums));
  if (draft.maxVcpus) {
    if (draft.maxVcpus !== sums.vcpus) throw reader.fail('vnuma', ['xl: vnuma vcpus and maxvcpus= mismatch']);
  } else if (hostCpus < sums.vcpus) {
    const message = 'xl: vnuma specifies more vcpus than pcpus, use maxvcpus= to override this check.';
    throw reader.fail('vnuma', [message]);
  }
  if (draft.maxMemoryKib !== undefined && draft.maxMemoryKib !== sums.memoryKib) {
    throw reader.fail('vnuma', ['xl: maxmem and vnuma memory size mismatch']);
  }
  draft.maxVcpus = sums.vcpus;
  draft.maxMemoryKib = sums.memoryKib;
  draft.libxl.buildInfo.vnuma_nodes = nodes.map(({memkb, distances, pnode, vcpus}) =>
    compact({
      memkb,
      distances,
      pnode: pnode || undefined,
      vcpus: vcpus.size === 0 ? undefined : [...vcpus].sort((a, b) => a - b),
    }),
  );
};

type Limits = {count: number; vcpusMax: number};

const readNode = (context: Context, item: ConfigValue, limits: Limits, sums: Sums): Node => {
  const {reader} = context;
  if (item.kind !== 'list') throw reader.failAt(item, ['xl: cannot get vnode config option list']);
  const node: Node = {distances: Array.from({length: limits.count}, () => 0), pnode: 0, vcpus: new Set()};
  for (const option of item.items) {
    if (option.kind !== 'string') continue;
    const pair = pairOf(option.text, '=');
    if (pair === undefined) throw reader.failAt(option, [`xl: failed to split "${option.text}" into pair`]);
    const [key, value] = pair.map((part) => part.trim());
    const read = Object.hasOwn(OPTIONS, key) ? OPTIONS[key] : undefined;
    read?.({context, option, node, limits, sums}, value);
  }
  return node;
};

type Place = {context: Context; option: ConfigValue; node: Node; limits: Limits; sums: Sums};

const OPTIONS: Readonly<Record<string, (place: Place, value: string) => void>> = {
  pnode: ({context: {reader, draft, topology}, option, node}, value) => {
    const pnode = numberOf(value);
    if (pnode === undefined) throw reader.failAt(option, [notNumber(value)]);
    if (pnode >= topology.length) throw reader.failAt(option, [`xl: invalid pnode number: ${pnode}`]);
    node.pnode = pnode;
    draft.libxl.buildInfo.numa_placement = 'False';
  },
  size: ({context: {reader}, option, node, sums}, value) => {
    const mib = numberOf(value);
    if (mib === undefined) throw reader.failAt(option, [notNumber(value)]);
    node.memkb = mib * 1024;
    sums.memoryKib += node.memkb;
  },
  vcpus: ({node, limits, sums}, value) => {
    for (const part of wordsOf(value, ',')) {
      const {first, last} = looseRange(part);
      for (let vcpu = first; vcpu <= Math.min(last, limits.vcpusMax - 1); vcpu++) node.vcpus.add(vcpu);
      sums.vcpus += Math.max(0, last - first + 1);
    }
  },
  vdistances: ({context: {reader}, option, node, limits}, value) => {
    for (const [index, part] of wordsOf(value, ',').slice(0, limits.count).entries()) {
      const distance = numberOf(part);
      if (distance === undefined) throw reader.failAt(option, [notNumber(part)]);
      node.distances[index] = distance;
    }
  },
};

const notNumber = (text: string): string => `xl: failed to convert "${text}" to number`;

const numberOf = (text: string): number | undefined => {
  const {value, length} = strtoul(text, 10);
  return length === 0 || value === U64_MAX ? undefined : Number(value);
};

/** `n` or `n-m`. xl does not look whether that was a range: what is no number counts as 0, and junk is skipped. */
const looseRange = (text: string): {first: number; last: number} => {
  const first = strtoul(text, 10);
  const rest = text.slice(first.length);
  const isRange = first.length > 0 && rest.startsWith('-');
  const last = isRange ? strtoul(rest.slice(1), 10) : first;
  return {first: Number(first.value), last: Number(last.value)};
};
