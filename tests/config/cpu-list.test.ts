import test from 'ava';
import {parseCpuList} from '../../toolstack/config/cpu-list.ts';
import {DEFAULT_TOPOLOGY} from '../../toolstack/config/domain-config.ts';
import {cpusFacts, type CpusFacts} from '../../toolstack/config/facts/index.ts';
import {readFixture} from '../support/fixtures.ts';

test('recorded CPU lists', (t) => {
  const lines = readFixture('config', 'fuzz-cpulist.jsonl').trim().split('\n');
  t.is(lines.length, 43);
  for (const line of lines) {
    const {cpus, ...facts} = JSON.parse(line) as {cpus: string} & CpusFacts;
    t.deepEqual(cpusFacts(cpus, DEFAULT_TOPOLOGY), facts, cpus);
  }
});

test('a huge range costs nothing', (t) => {
  t.deepEqual(parseCpuList('3-18446744073709551614,^5-4000000000', DEFAULT_TOPOLOGY), [3, 4]);
});
