import test from 'ava';
import type {DomId} from '../../hypervisor/index.ts';
import type {TopDomain, TopSample} from '../../toolstack/host/top.ts';
import {rowsOf} from '../../toolstack/xl/top/columns.ts';
import {screenLines} from '../../toolstack/xl/top/screen.ts';
import {tableLines, type TopView} from '../../toolstack/xl/top/table.ts';
import {readTranscript, stepFor} from '../support/transcript.ts';

const NS_PER_S = 1e9;

const domain = (more: Partial<TopDomain>): TopDomain => ({
  domid: 1 as DomId,
  name: 'golden',
  dying: false,
  shutdown: false,
  blocked: true,
  crashed: false,
  paused: false,
  running: false,
  cpuNs: 32.4 * NS_PER_S,
  memoryKib: 262_144,
  maxMemoryKib: 263_168,
  vcpuNs: [32.4 * NS_PER_S],
  networks: [
    {rxBytes: 1076, rxPackets: 17, rxErrors: 0, rxDrops: 0, txBytes: 1674, txPackets: 21, txErrors: 0, txDrops: 0},
  ],
  vbds: [{device: 51_712, full: 0, reads: 3, writes: 0, readSectors: 24, writtenSectors: 0}],
  instructions: 123_456_789,
  upcalls: 20,
  exits: 300,
  hypercalls: 40,
  ...more,
});

const dom0 = (seconds: number): TopDomain =>
  domain({
    domid: 0 as DomId,
    name: 'Domain-0',
    blocked: false,
    running: true,
    cpuNs: seconds * NS_PER_S,
    vcpuNs: [seconds * NS_PER_S],
    memoryKib: 2_097_152,
    maxMemoryKib: 2_097_152,
    networks: [],
    vbds: [],
  });

const sample = (domains: readonly TopDomain[], timeNs = 0): TopSample => ({
  timeNs,
  xenVersion: '4.17.7',
  totalMemoryKib: 6_290_432,
  freeMemoryKib: 3_866_624,
  nrCpus: 2,
  domains,
});

const PLAIN: TopView = {
  networks: false,
  vbds: false,
  vcpus: false,
  counters: false,
  repeatHeader: false,
  fullNames: false,
  dom0First: false,
};

const print = (now: TopSample, view: Partial<TopView> = {}, before?: TopSample): string =>
  tableLines(rowsOf(now, before), {...PLAIN, ...view})
    .map(({text}) => `${text}\n`)
    .join('');

const recorded = readTranscript('xl', 'xentop.txt');

test("xl top -b prints xentop's table", (t) => {
  t.is(print(sample([dom0(356), domain({})])), stepFor(recorded, '-b -i 1').stdout);
});

test("xl top -b -f -n -x -v prints xentop's lines below each domain", (t) => {
  const view = {fullNames: true, networks: true, vbds: true, vcpus: true};
  t.is(print(sample([dom0(359), domain({})]), view), stepFor(recorded, '-b -i 1 -f -n -x -v').stdout);
});

test('the share of the CPU is that since the sample before', (t) => {
  const before = sample([domain({cpuNs: 0})], 0);
  const [row] = rowsOf(sample([domain({cpuNs: 0.5 * NS_PER_S})], 2 * NS_PER_S), before);
  t.is(row.cpuPercent, 25);
  t.is(rowsOf(sample([domain({domid: 2 as DomId})], NS_PER_S), before)[0].cpuPercent, 0, 'a domain that is new');
});

test('rows are ordered by a column, largest first, with dom0 on top if wanted', (t) => {
  const domains = [
    dom0(1),
    domain({name: 'big', memoryKib: 9e6}),
    domain({domid: 2 as DomId, name: 'a-very-long-name'}),
  ];
  const names = (view: Partial<TopView>): string[] =>
    print(sample(domains), view)
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(' ')[0]);
  t.deepEqual(names({}), ['Domain-0', 'big', 'a-very-lon']);
  t.deepEqual(names({sortColumn: 4}), ['big', 'Domain-0', 'a-very-lon']);
  t.deepEqual(names({sortColumn: 4, dom0First: true, fullNames: true}), ['Domain-0', 'big', 'a-very-long-name']);
  t.deepEqual(names({sortColumn: 0}), ['a-very-lon', 'big', 'Domain-0']);
});

test('what the engine counts has a line of its own', (t) => {
  const [, , line] = print(sample([domain({})]), {counters: true}).split('\n');
  t.is(line, 'Counters:      123456789 instructions         40 hypercalls         20 upcalls        300 exits');
});

test('the screen has a summary, the table and the keys, cut to its size', (t) => {
  const size = {rows: 9, columns: 100};
  const lines = screenLines(sample([dom0(1), domain({paused: true, blocked: false})]), undefined, PLAIN, size, {
    clock: '12:34:56',
  });
  t.is(lines.length, 9);
  t.deepEqual(lines.slice(0, 3), [
    'xentop - 12:34:56   Xen 4.17.7',
    '2 domains: 1 running, 0 blocked, 1 paused, 0 crashed, 0 dying, 0 shutdown',
    'Mem: 6290432k total, 2423808k used, 3866624k free    CPUs: 2',
  ]);
  t.true(lines[3].startsWith('\u001B[7m      NAME  STATE'));
  t.regex(lines[5], /^ {4}golden ----p- /);
  t.is(lines[8], '  Delay  Networks  vBds  VCPUs  Counters  Repeat header  Sort order  Quit');
  const small = screenLines(
    sample([dom0(1)]),
    undefined,
    PLAIN,
    {rows: 3, columns: 20},
    {clock: '', question: 'Why? '},
  );
  t.deepEqual(small, ['xentop -    Xen 4.17', '1 domains: 1 running', 'Why? ']);
});
