import test from 'ava';
import {XlHost} from '../support/xl.ts';

/** Commands in order, on a host with a guest "one" of two vCPUs; what each prints on stdout and stderr, and its exit status. */
const steps: readonly (readonly [command: string, stdout: string | RegExp, stderr: string, status: number])[] = [
  ['vcpu-list one', /^one +1 +0 +0 +-b- +\d\.\d +all \/ all\none +1 +1 +- +--p +0\.0 +all \/ all\n$/m, '', 0],
  [
    'vcpu-set one 2',
    '',
    'You are overcommmitting! You have 1 physical CPUs and want 2 vCPUs! Aborting, use --ignore-host to continue\n',
    1,
  ],
  ['vcpu-set -i one 2', '', '', 0],
  ['vcpu-set -i one 1', '', '', 0],
  [
    'vcpu-set one 0',
    '',
    'libxl: error: Domain 1:Requested 0 VCPUs!: Function not implemented\n' +
      'libxl_set_vcpuonline failed domid=1 max_vcpus=0, rc: -3\n',
    1,
  ],
  [
    'vcpu-set -i one 9',
    '',
    'libxl: error: Domain 1:Requested 9 VCPUs, however maxcpus is 2!: Function not implemented\n' +
      'libxl_set_vcpuonline failed domid=1 max_vcpus=9, rc: -3\n',
    1,
  ],
  ['vcpu-set one x', '', 'Error: Invalid argument.\n', 1],
  ['vcpu-pin one 0 0', '', '', 0],
  ['vcpu-pin one all - all', '', '', 0],
  ['vcpu-pin one 0 77', '', 'vcpu hard affinity map is empty\n', 1],
  ['vcpu-pin one x 0', '', 'Error: Invalid argument x as VCPU.\n', 1],
  ['vcpu-pin -f one all 0', '', "Error: --force and 'all' as VCPU not allowed.\n", 1],
  ['vcpu-pin one 0 0-x', '', 'Invalid pcpu range: 0-x.\n', 1],
  [
    'vcpu-pin one 5 0',
    '',
    "libxl: error: Domain 1:Setting vcpu affinity: Invalid argument\nCould not set affinity for vcpu `5'.\n",
    1,
  ],
  [
    'vcpu-pin one 99999999999999999999 0',
    '',
    "libxl: error: Domain 1:Setting vcpu affinity: Invalid argument\nCould not set affinity for vcpu `4294967295'.\n",
    1,
  ],
  ['vcpu-list 77', /^Name .*\n$/, 'libxl: error: Domain 77:Non-existant domain\n', 0],
  ['pause 99999999999999999999', '', 'libxl: error: Domain 4294967295:Non-existant domain\n', 1],
  [
    'mem-set 0 512',
    '',
    "libxl: error: Domain 0:pvsim's dom0 has no balloon\ncannot set domid 0 dynamic max memory to : 512\n",
    1,
  ],
  ['-N vcpu-pin 0 all 0-3,5', 'cpumap: 0-3,5\n', '', 0],
  ['-N vcpu-pin 0 all - 1', 'cpumap: - 1\n', '', 0],
  [
    'sched-credit2',
    'Cpupool Pool-0: ratelimit=1000us\nName                                ID Weight  Cap\n' +
      'Domain-0                             0    256    0\none                                  1    256    0\n',
    '',
    0,
  ],
  ['sched-credit2 -d one -w 512 -c 50', '', '', 0],
  [
    'sched-credit2 -d one',
    'Name                                ID Weight  Cap\none                                  1    512   50\n',
    '',
    0,
  ],
  [
    'sched-credit2 -d one -w 0',
    '',
    'libxl: error: Domain 1:Cpu weight out of range, valid values are within range from 1 to 65535\n' +
      'libxl_domain_sched_params_set failed.\n',
    1,
  ],
  ['sched-credit2 -w 5', '', 'Must specify a domain.\n', 1],
  ['sched-credit2 -s -r 2000', '', '', 0],
  ['sched-credit2 -s', 'Cpupool Pool-0: ratelimit=2000us\n', '', 0],
  ['sched-credit2 -p nosuch', '', "unknown cpupool 'nosuch'\n", 1],
  ['sched-credit', '', '', 0],
  [
    'sched-credit -d one',
    'Name                                ID Weight  Cap\n',
    'libxl_domain_sched_params_get returned credit2 not credit.\n',
    1,
  ],
  ['sched-credit -t 5', '', 'Must specify schedparam to set schedule parameter values.\n', 1],
  ['sched-rtds', '', '', 0],
  ['sched-rtds -d one -p 1 -b 1 -e 1', '', 'Must specify VCPU.\n', 1],
  ['sched-rtds -d one -v 0 -p 1', '', 'Incorrect number of period, budget and extratime\n', 1],
  [
    'cpupool-list',
    'Name               CPUs   Sched     Active   Domain count\nPool-0               1   credit2       y          2\n',
    '',
    0,
  ],
  ['cpupool-list -c', 'Name               CPU list\nPool-0             0\n', '', 0],
  ['cpupool-create name="two" cpus="0"', '', 'cpu 0 illegal or not free\n', 1],
  [
    'cpupool-create name="two" sched="rtds"',
    'Using config file "command line"\ncpupool name:   two\nscheduler:      rtds\nnumber of cpus: 0\n',
    '',
    0,
  ],
  ['cpupool-create name="two"', '', 'Pool name "two" already exists\n', 1],
  ['cpupool-create sched="best"', '', 'Missing cpupool name!\n', 1],
  ['cpupool-migrate one two', '', 'libxl: error: Domain 1:cpupool 1 has no CPUs\n', 1],
  [
    'cpupool-cpu-remove Pool-0 0',
    '',
    'libxl: error: cpupool 0: error removing cpu: Device or resource busy\n' +
      "Some cpus may have not or only partially been removed from 'Pool-0'.\n" +
      "If a cpu can't be added to another cpupool, add it to 'Pool-0' again and retry.\n",
    0,
  ],
  ['cpupool-rename two three', '', '', 0],
  ['cpupool-destroy three', '', '', 0],
  ['cpupool-destroy three', '', "unknown cpupool 'three'\n", 1],
  [
    'cpupool-destroy Pool-0',
    '',
    "libxl: error: cpupool 0: error destroying cpupool: busy\nCan't destroy cpupool 'Pool-0'\n",
    1,
  ],
  ['cpupool-numa-split', '', '', 0],
  ['cpupool-list -c Pool-node0', 'Name               CPU list\nPool-node0         0\n', '', 0],
  ['list -c one', /^one .* Pool-node0$/m, '', 0],
];

test('vCPUs, schedulers and pools by xl', async (t) => {
  const host = XlHost.at(t);
  await host.create('one', 'vcpus = 1', 'maxvcpus = 2');
  await host.waitForConsole('one', /one:\/?#|# $/);
  for (const [command, stdout, stderr, status] of steps) {
    const outcome = await host.xlHere(...command.split(' '));
    if (typeof stdout === 'string') t.is(outcome.stdout, stdout, command);
    else t.regex(outcome.stdout, stdout, command);
    t.is(outcome.stderr, stderr, command);
    t.is(outcome.status, status, command);
  }
  await host.waitForConsole('one', /CPU 1 is now online[^]*CPU 1 is now offline/);
  await host.waitFor('vCPU 1 down', async () => /one +1 +1 +- +--p/.test((await host.xlHere('vcpu-list')).stdout));
});
