import test from 'ava';
import {XlHost} from '../support/xl.ts';

type Step = readonly [command: string, stdout: string | RegExp, stderr?: string, status?: number];

/** On a host with four CPUs under credit and a guest "one" of two vCPUs that computes on both. */
const steps: readonly Step[] = [
  [
    'cpupool-list',
    'Name               CPUs   Sched     Active   Domain count\nPool-0               4    credit       y          2\n',
  ],
  ['info', /^nr_cpus {16}: 4$[^]*^free_cpus {14}: 0$[^]*^xen_scheduler {10}: credit$/m],
  ['sched-credit -s', 'Cpupool Pool-0: tslice=30ms ratelimit=1000us migration-delay=0us\n'],
  ['sched-credit -s -t 10 -r 500', ''],
  ['sched-credit -s', 'Cpupool Pool-0: tslice=10ms ratelimit=500us migration-delay=0us\n'],
  ['vcpu-pin one 0 1', ''],
  ['vcpu-pin one 1 all 2-3', ''],
  ['vcpu-list one', /^one +1 +0 +1 +r-- +\d+\.\d +1 \/ all\none +1 +1 +[23] +r-- +\d+\.\d +all \/ 2-3\n$/m],
  ['list one', /^one +1 +16 +2 +r----- +\d+\.\d\n$/m],
  ['cpupool-cpu-remove Pool-0 2-3', ''],
  ['vcpu-list one', /^one +1 +0 +1 +r-- .*\none +1 +1 +0 +r-- /m],
  ['cpupool-list -c', 'Name               CPU list\nPool-0             0,1\n'],
  [
    'cpupool-create name="rt" sched="rtds" cpus="2,3"',
    'Using config file "command line"\ncpupool name:   rt\nscheduler:      rtds\nnumber of cpus: 2\n',
  ],
  [
    'cpupool-create name="old" sched="sedf"',
    /.*/,
    'libxl: error: Could not create cpupool: Invalid argument\nerror on creating cpupool\n',
    1,
  ],
  ['vcpu-pin one 0 all', ''],
  ['cpupool-migrate one rt', ''],
  ['vcpu-list one', /^one +1 +0 +[23] .*\none +1 +1 +[23] /m],
  [
    'vcpu-pin one 0 0',
    '',
    "libxl: error: Domain 1:Setting vcpu affinity: Invalid argument\nCould not set affinity for vcpu `0'.\n",
    1,
  ],
  [
    'sched-rtds -d one',
    'Name                                ID    Period    Budget  Extratime\n' +
      'one                                  1     10000      4000        yes\n',
  ],
  ['sched-rtds -d one -v all -p 20000 -b 5000 -e 0', ''],
  ['sched-rtds -d one -v 1 -p 50000 -b 10000 -e 0', ''],
  [
    'sched-rtds -d one -v all',
    'Name                                ID VCPU    Period    Budget  Extratime\n' +
      'one                                  1    0     20000      5000         no\n' +
      'one                                  1    1     50000     10000         no\n',
  ],
  ['sched-credit -d one', /.*/, 'libxl_domain_sched_params_get returned rtds not credit.\n', 1],
  [
    'cpupool-destroy rt',
    '',
    "libxl: error: cpupool 1: error destroying cpupool: busy\nCan't destroy cpupool 'rt'\n",
    1,
  ],
  ['debug-keys r', ''],
  ['dmesg', /^\(XEN\) Cpupool 1:\n\(XEN\) Cpus: 2,3\n\(XEN\) Scheduler: SMP RTDS Scheduler \(rtds\)$/m],
  ['cpupool-migrate one Pool-0', ''],
  ['cpupool-destroy rt', ''],
  ['cpupool-cpu-add Pool-0 2-3', ''],
  ['cpupool-list -c', 'Name               CPU list\nPool-0             0,1,2,3\n'],
  [
    'vcpu-set one 4',
    '',
    /* as many as the host has CPUs */ 'libxl: error: Domain 1:Requested 4 VCPUs, however maxcpus is 2!: Function not implemented\nlibxl_set_vcpuonline failed domid=1 max_vcpus=4, rc: -3\n',
    1,
  ],
];

test('pools and schedulers on a host with four CPUs', async (t) => {
  const host = XlHost.at(t);
  t.is((await host.pvsim('host', 'start', '--cpus', '4', '--sched', 'credit')).status, 0);
  await host.create('one', 'vcpus = 2', `extra = "run='spin inf 2'"`);
  const isComputing = async (): Promise<boolean> =>
    /1 +1 +\d+ +r--/.test((await host.xlHere('vcpu-list', 'one')).stdout);
  await host.waitFor('both vCPUs computing', isComputing);
  for (const [command, stdout, stderr = '', status = 0] of steps) {
    const outcome = await host.xlHere(...command.split(' '));
    if (typeof stdout === 'string') t.is(outcome.stdout, stdout, command);
    else t.regex(outcome.stdout, stdout, command);
    t.is(outcome.stderr, stderr, command);
    t.is(outcome.status, status, command);
  }
});

test('a table of windows', async (t) => {
  const host = XlHost.at(t);
  await host.pvsim('host', 'start', '--sched', 'arinc653');
  await host.create('one', `extra = "run='spin inf'"`);
  t.is((await host.pvsim('arinc653', '--frame', '20', 'one=5', 'one/0=2.5')).status, 0);
  await host.waitForConsole('one', /spin/);
  for (const [args, message] of [
    [['--frame', '5', 'one=10'], 'libxl: error: cpupool 0: Setting ARINC 653 schedule: Invalid argument'],
    [['--frame', '5', 'one'], 'pvsim: "one" is not of the form DOMAIN[/VCPU]=MILLISECONDS'],
    [['--frame', '5', 'two=1'], 'pvsim: there is no domain "two"'],
    [['--frame', '5', '--pool', 'x', 'one=1'], 'pvsim: there is no cpupool "x"'],
  ] as const) {
    const {status, stderr} = await host.pvsim('arinc653', ...args);
    t.not(status, 0);
    t.is(stderr, `${message}\n`);
  }
});

test('options of a host about its CPUs', async (t) => {
  const host = XlHost.at(t);
  for (const args of [
    ['--cpus', '0'],
    ['--cpus', '65'],
    ['--cpus', '1.5'],
    ['--sched', 'sedf'],
  ]) {
    t.is((await host.pvsim('host', 'start', ...args)).status, 2, args.join(' '));
  }
});
