import test from 'ava';
import {parseCpuList} from '../../toolstack/config/cpu-list.ts';
import {readFixture} from '../support/fixtures.ts';

/** The machine of the recordings. */
const NODES = [
  [0, 1, 2, 3, 4, 5, 6, 7],
  [8, 9, 10, 11, 12, 13, 14, 15],
];

const ALL = NODES.flat();

/** xl vcpu-list's way to write a set of CPUs. */
const format = (cpus: readonly number[]): string => {
  if (cpus.length === 0) return 'none';
  if (cpus.length === ALL.length) return 'all';
  const runs: [number, number][] = [];
  for (const cpu of cpus) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === cpu - 1) run[1] = cpu;
    else runs.push([cpu, cpu]);
  }
  return runs.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(',');
};

test('recorded CPU lists', (t) => {
  const lines = readFixture('config', 'fuzz-cpulist.jsonl').trim().split('\n');
  t.is(lines.length, 43);
  for (const line of lines) {
    const {cpus, cpumap, stderr} = JSON.parse(line) as {cpus: string; cpumap: string | null; stderr: string[]};
    const seen = parseCpuList(cpus, NODES);
    if ('error' in seen) t.deepEqual([seen.error], stderr, cpus);
    else t.is(format(seen), cpumap as string, cpus);
  }
});

test('a huge range costs nothing', (t) => {
  t.deepEqual(parseCpuList('3-18446744073709551614,^5-4000000000', NODES), [3, 4]);
});
