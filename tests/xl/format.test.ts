import test from 'ava';
import type {DomId} from '../../hypervisor/index.ts';
import type {DiskListing, DomainSummary, VifListing} from '../../toolstack/host/api.ts';
import {formatDisk, HEADER as BLOCK_HEADER} from '../../toolstack/xl/commands/block-list.ts';
import {formatInfo} from '../../toolstack/xl/commands/info.ts';
import {formatList, type ListColumns} from '../../toolstack/xl/commands/list.ts';
import {formatVif, HEADER as NETWORK_HEADER} from '../../toolstack/xl/commands/network-list.ts';
import {formatDuration, formatShortUptime, formatUptime} from '../../toolstack/xl/commands/uptime.ts';
import {formatSharing} from '../../toolstack/xl/commands/sharing.ts';
import {formatVcpu, HEADER as VCPU_HEADER} from '../../toolstack/xl/commands/vcpu-list.ts';
import {formatVmList} from '../../toolstack/xl/commands/vm-list.ts';
import {summaryOf} from '../support/fake-host.ts';
import {readTranscript, stepFor} from '../support/transcript.ts';

const listSteps = readTranscript('xl', 'xl-list.txt');

const golden = (cpuSeconds: number): DomainSummary =>
  summaryOf(1, 'golden', {cpuSeconds, handle: '58debae7-2971-40c3-9939-a0897c7cdf59', uptimeSeconds: 280});
const dom0 = (cpuSeconds: number): DomainSummary =>
  summaryOf(0, 'Domain-0', {cpuSeconds, memoryMib: 2048, state: 'r-----', uptimeSeconds: 359});

const lists: readonly [string, ListColumns, DomainSummary[]][] = [
  ['list', {}, [dom0(203), golden(30.7)]],
  ['list golden', {}, [golden(30.8)]],
  ['list -v', {verbose: true}, [dom0(214.6), golden(30.8)]],
  ['list -Z', {context: true}, [dom0(218.5), golden(30.9)]],
  [
    'list -c',
    {
      pools: new Map([
        [0, 'Pool-0'],
        [1, 'Pool-0'],
      ]),
    },
    [dom0(222.6), golden(30.9)],
  ],
  ['list -n', {numa: true}, [dom0(226.5), golden(31)]],
];

for (const [command, columns, domains] of lists) {
  test(`xl ${command}`, (t) => {
    t.is(formatList(domains, columns), stepFor(listSteps, command).stdout);
  });
}

test('xl list -v tells why a domain is down', (t) => {
  const down = {...golden(0), shutdown: true, shutdownReason: 3, state: '---sc-'};
  t.true(formatList([down], {verbose: true}).endsWith(`${down.handle}        3                -\n`));
});

test('xl vm-list', (t) => {
  t.is(formatVmList([dom0(0), golden(0)]), stepFor(readTranscript('xl', 'xl-vm-list.txt'), 'vm-list').stdout);
});

test('xl uptime', (t) => {
  const steps = readTranscript('xl', 'xl-uptime.txt');
  t.is(formatUptime([dom0(0), golden(0)]), stepFor(steps, 'uptime').stdout);
  t.is(
    formatShortUptime([{...dom0(0), uptimeSeconds: 361}, golden(0)], '14:57:33'),
    stepFor(steps, 'uptime -s').stdout,
  );
});

const durations: readonly [seconds: number, long: string, short: string][] = [
  [0, ' 0:00:00', ' 0:00'],
  [59.99, ' 0:00:59', ' 0:00'],
  [3599, ' 0:59:59', ' 0:59'],
  [86_399, '23:59:59', '23:59'],
  [86_400, '1 day,  0:00:00', '1 day,  0:00'],
  [200_000, '2 days,  7:33:20', '2 days,  7:33'],
];

for (const [seconds, long, short] of durations) {
  test(`${seconds} seconds`, (t) => {
    t.is(formatDuration(seconds), long);
    t.is(formatDuration(seconds, true), short);
  });
}

test('xl block-list', (t) => {
  const disk = (vdev: number, evtch: number, ringRef: number): DiskListing => ({
    vdev,
    backendDomid: 0,
    handle: 1,
    state: 4,
    evtch,
    ringRef,
    backendPath: `/local/domain/0/backend/vbd/1/${vdev}`,
  });
  const recorded = readTranscript('xl', 'xl-block-list.txt').findLast(({args}) => args.length === 2);
  t.is(BLOCK_HEADER + [disk(51_712, 8, 8), disk(51_728, 11, 589)].map(formatDisk).join(''), recorded?.stdout ?? '');
  const forced = stepFor(readTranscript('xl', 'xl-block-detach-force.txt'), 'block-list mq');
  t.is(BLOCK_HEADER + [disk(51_712, -1, -1), disk(51_728, -1, -1)].map(formatDisk).join(''), forced.stdout);
});

test('xl network-list', (t) => {
  const vif = (devid: number, txRingRef: number, rxRingRef: number): VifListing => ({
    devid,
    backendDomid: 0,
    mac: `00:16:3e:00:00:0${devid + 1}`,
    handle: devid,
    state: 4,
    evtch: -1,
    txRingRef,
    rxRingRef,
    backendPath: `/local/domain/0/backend/vif/1/${devid}`,
  });
  const recorded = readTranscript('xl', 'xl-network-list.txt').at(-1);
  t.is(NETWORK_HEADER + [vif(0, 522, 523), vif(1, 1035, 1036)].map(formatVif).join(''), recorded?.stdout ?? '');
});

test('xl info has the rows of the real one in the same layout', (t) => {
  const steps = readTranscript('xl', 'xl-info.txt');
  const info = {
    hostname: 'xendom0',
    totalMemoryMib: 6143,
    freeMemoryMib: 3776,
    nrCpus: 2,
    freeCpus: 0,
    scheduler: 'credit2',
  };
  const machine = {release: '6.1.0', version: '#1', machine: 'x86_64', cpuMhz: 2793.437, pvsim: '1.2.3'};
  const names = (text: string): string[] => text.split('\n').map((line) => line.replace(/^(\w+ *): .*$/, '$1'));
  const varies = /^(release|version|hw_caps|virt_caps|xen_\w+|cc_\w+|build_id)/;
  for (const [command, numa] of [
    ['info', false],
    ['info -n', true],
  ] as const) {
    const ours = formatInfo(info, machine, numa);
    const theirs = stepFor(steps, command).stdout;
    t.deepEqual(
      names(ours).map((line) => line.replace(/7168|6143/, 'M')),
      names(theirs).map((line) => line.replace(/7168|6143/, 'M')),
    );
    const fixed = (text: string): string[] =>
      text.split('\n').filter((line) => /^\w+ *: /.test(line) && !varies.test(line));
    t.deepEqual(fixed(ours), fixed(theirs));
  }
});

test('xl sharing and xl claims', (t) => {
  const steps = readTranscript('xl', 'xl-misc.txt');
  t.is(formatSharing([dom0(0), golden(0)]), stepFor(steps, 'sharing').stdout);
  t.is(formatList([dom0(341.9), golden(32.3)], {claimed: true}), stepFor(steps, 'claims').stdout);
});

test('xl vcpu-list', (t) => {
  const topology = [[0, 1]];
  const vcpu = {vcpu: 0, cpu: 1, online: true, running: false, blocked: true, hard: [0, 1], soft: [0, 1]};
  const domain0 = {...vcpu, ...dom0(0), cpu: 0, running: true, blocked: false, cpuSeconds: 305.5, hard: [0]};
  const guest = {...vcpu, ...golden(0), cpuSeconds: 31.9};
  t.is(
    VCPU_HEADER + formatVcpu(domain0, topology) + formatVcpu(guest, topology),
    stepFor(readTranscript('xl', 'xl-vcpu-list.txt'), 'vcpu-list').stdout,
  );
  const full = {...guest, name: 'full', domid: 6 as DomId, cpuSeconds: 45, hard: [1]};
  t.is(
    VCPU_HEADER +
      formatVcpu({...full, cpuSeconds: 45.3}, topology) +
      formatVcpu({...full, vcpu: 1, online: false, cpuSeconds: 30.1, hard: [0, 1]}, topology),
    readTranscript('xl', 'xl-vcpu-set.txt').findLast(({args}) => args[0] === 'vcpu-list')?.stdout ?? 'not recorded',
  );
});
