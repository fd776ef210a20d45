import {strtoul} from './c-numbers.ts';

/** The host's CPUs: for each NUMA node the numbers of its CPUs. */
export type HostTopology = readonly (readonly number[])[];

const U64_MAX = 2n ** 64n - 1n;

/**
 * Reads a CPU list such as `all`, `0-3,^1`, `node:0,^3`, in order: each part adds or removes. CPUs and nodes that the
 * host does not have are ignored.
 * @returns sorted CPU numbers, or xl's message
 * @see xl.cfg(5), "cpus"
 */
export const parseCpuList = (list: string, nodes: HostTopology): number[] | {error: string} => {
  const cpus = new Set<number>();
  for (const part of list.split(',')) {
    if (part === '') continue;
    const change = parsePart(part, nodes);
    if ('error' in change) return change;
    for (const cpu of change.cpus) {
      if (change.remove) cpus.delete(cpu);
      else cpus.add(cpu);
    }
  }
  return [...cpus].sort((a, b) => a - b);
};

type Change = {remove: boolean; cpus: readonly number[]};

const parsePart = (part: string, nodes: HostTopology): Change | {error: string} => {
  const remove = part.startsWith('^');
  const positive = remove ? part.slice(1) : part;
  const range = positive.replace(/^nodes?:/, '');
  const isNodes = range !== positive;
  if (range === 'all') return remove ? {error: 'Can\'t combine "^" and "all".'} : {remove, cpus: nodes.flat()};
  const bounds = parseRange(range);
  if (bounds === undefined) return {error: `Invalid pcpu range: ${range}.`};
  const within = (index: number): boolean => BigInt(index) >= bounds.first && BigInt(index) <= bounds.last;
  const cpus = isNodes ? nodes.filter((_, node) => within(node)).flat() : nodes.flat().filter(within);
  return {remove, cpus};
};

/** `n` or `n-m`, whole text. */
const parseRange = (text: string): {first: bigint; last: bigint} | undefined => {
  const first = strtoul(text, 10);
  if (first.length === 0 || first.value === U64_MAX) return undefined;
  const rest = text.slice(first.length);
  if (rest === '') return {first: first.value, last: first.value};
  if (!rest.startsWith('-')) return undefined;
  const last = strtoul(rest.slice(1), 10);
  const isRange = last.length > 0 && last.length === rest.length - 1 && last.value !== U64_MAX;
  return isRange && last.value >= first.value ? {first: first.value, last: last.value} : undefined;
};

/** A set of CPUs as xl vcpu-list writes it: `all`, `none`, or runs such as `0-3,5`. */
export const formatCpuList = (cpus: readonly number[], nodes: HostTopology): string => {
  if (cpus.length === 0) return 'none';
  if (cpus.length === nodes.flat().length) return 'all';
  const runs: [first: number, last: number][] = [];
  for (const cpu of cpus) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === cpu - 1) run[1] = cpu;
    else runs.push([cpu, cpu]);
  }
  return runs.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(',');
};
