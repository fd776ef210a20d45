import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {runXl} from '../../toolstack/xl/run.ts';
import {ToolstackError} from '../../toolstack/errors.ts';
import {type FakeHost, summaryOf} from '../support/fake-host.ts';
import type {Outcome} from '../support/run.ts';
import {serve, type Served} from '../support/served.ts';
import {readTranscript} from '../support/transcript.ts';

interface Ran {
  readonly outcome: Outcome;
  readonly host: FakeHost;
}

/** Runs xl in this process, from a host's home, against that host. */
const xlOn = async ({home, host, connect}: Served, args: readonly string[]): Promise<Ran> => {
  const texts = {stdout: '', stderr: ''};
  const status = await runXl(args, {
    cwd: home.dir,
    connect,
    out: (text) => (texts.stdout += text),
    complain: (lines) => (texts.stderr += `${lines}\n`),
  });
  return {outcome: {...texts, status}, host};
};

const words = (command: string): string[] => command.split(' ').filter((word) => word !== '');

/** Runs xl on a new host with two guests. */
const runXlOn = async (
  t: ExecutionContext,
  command: string,
  prepare: (host: FakeHost, dir: string) => void = () => {},
): Promise<Ran> => {
  const served = await serve(t);
  served.host.guests = [summaryOf(1, 'golden'), summaryOf(6, 'full')];
  prepare(served.host, served.home.dir);
  return xlOn(served, words(command));
};

const xl = (t: ExecutionContext, command: string, prepare: (host: FakeHost) => void = () => {}): Promise<Outcome> =>
  runXlOn(t, command, prepare).then(({outcome}) => outcome);

/** Recorded commands that end before or without the host, or that our host answers like theirs. */
const recorded: readonly [file: string, commands: readonly string[]][] = [
  [
    'errors.txt',
    [
      '--nosuch',
      'list -x',
      'domid',
      'pause',
      'unpause nosuch',
      'shutdown nosuch',
      'destroy',
      'block-attach',
      'block-attach nosuch format=raw,vdev=xvde,access=rw,target=/spike/d4.img',
      'block-attach full format=raw,vdev=xvde,access=zz,target=/spike/d4.img',
      'block-detach full',
      'network-detach full',
      'network-attach full mac=zz',
      'network-attach nosuch',
      'rename full',
      'uptime nosuch',
      'block-list',
    ],
  ],
  ['xl-list.txt', ['list nosuch']],
  ['xl-domid.txt', ['domid golden', 'domid Domain-0', 'domid nosuch', 'domid 1']],
  ['xl-domname.txt', ['domname 1', 'domname 0', 'domname 77', 'domname abc']],
  ['xl-block-list.txt', ['block-list Domain-0', 'block-list nosuch']],
  ['xl-network-list.txt', ['network-list nosuch', 'network-list Domain-0']],
  ['xl-destroy.txt', ['destroy Domain-0', 'destroy 0']],
  ['xl-rename.txt', ['rename nosuch x']],
  ['xl-shutdown.txt', ['shutdown -w golden']],
  ['xl-mem-set.txt', ['mem-set golden 200', 'mem-set golden abc', 'mem-set nosuch 100']],
  ['xl-sysrq.txt', ['sysrq golden h', 'sysrq nosuch h', 'trigger golden nosuch']],
  [
    'xl-misc.txt',
    [
      'vtpm-list golden',
      'channel-list golden',
      'vkb-list golden',
      'usb-list golden',
      'pci-list golden',
      'vdispl-list golden',
      'dump-core',
      'getenforce',
    ],
  ],
  ['xl-info.txt', ['info -l']],
  ['xl-help-all.txt', ['create --help', 'list --help', 'create -h', 'help nosuch']],
];

for (const [file, commands] of recorded) {
  const steps = readTranscript('xl', file);
  for (const command of commands) {
    test(`xl ${command}`, async (t) => {
      const step = steps.find(({args}) => args.join(' ') === command);
      const {stdout = 'not recorded', stderr, status} = step ?? {};
      t.deepEqual(await xl(t, command), {stdout, stderr, status});
    });
  }
}

/** Commands whose failure in the host gets a last line from xl. */
const failures: readonly [command: string, code: string, message: string, stderr: string][] = [
  ['destroy golden', 'ESRCH', 'libxl: gone', 'libxl: gone\ndestroy failed (rc=-21)\n'],
  ['destroy golden', 'EIO', 'libxl: odd', 'libxl: odd\ndestroy failed (rc=-3)\n'],
  ['shutdown golden', 'ETIMEDOUT', 'libxl: deaf', 'Shutting down domain 1\nlibxl: deaf\nshutdown failed (rc=-9)\n'],
  ['reboot golden', 'ETIMEDOUT', 'libxl: deaf', 'Rebooting domain 1\nlibxl: deaf\nreboot failed (rc=-9)\n'],
  ['rename golden full', 'EEXIST', 'libxl: taken', "libxl: taken\nCan't rename domain 'golden'.\n"],
  ['block-attach golden /x,raw,xvdb,w', 'EEXIST', 'libxl: taken', 'libxl: taken\nlibxl_device_disk_add failed.\n'],
  ['block-detach golden xvdb', 'ENODEV', 'libxl: none', 'libxl: none\nError: Device xvdb not connected.\n'],
  ['block-detach golden xvdb', 'ETIMEDOUT', 'libxl: busy', 'libxl: busy\nlibxl_device_disk_safe_remove failed.\n'],
  ['mem-set golden 9', 'EINVAL', 'libxl: no\n', 'libxl: no\n\ncannot set domid 1 dynamic max memory to : 9\n'],
  ['mem-max golden 9', 'EINVAL', 'libxl: no', 'libxl: no\ncannot set domid 1 static max memory to : 9\n'],
  ['network-attach golden', 'ENOENT', 'libxl: bridge', 'libxl: bridge\nlibxl_device_nic_add failed.\n'],
  ['network-detach golden 9', 'ENODEV', 'Unknown device 9.', 'Unknown device 9.\n'],
  ['pause golden', 'ESRCH', 'libxl: gone', 'libxl: gone\n'],
];

for (const [command, code, message, stderr] of failures) {
  test(`xl ${command}, which fails with ${code}`, async (t) => {
    const fail = (host: FakeHost): void => {
      host.failure = new ToolstackError(code, message, 3);
    };
    const expected = command.startsWith('pause') ? 3 : 1;
    t.deepEqual(await xl(t, command, fail), {stdout: '', stderr, status: expected});
  });
}

/** What the host is asked to do. */
const requests: readonly [command: string, calls: readonly string[]][] = [
  ['pause golden', ['pause 1']],
  ['unpause 6', ['unpause 6']],
  ['destroy full', ['destroy 6']],
  ['destroy -f 0', ['destroy 0']],
  ['shutdown -a', ['shutdown 1 poweroff', 'shutdown 6 poweroff']],
  ['reboot -F golden', ['shutdown 1 reboot']],
  ['rename golden silver', ['rename 1 silver']],
  ['block-attach golden /x.img,raw,xvdb,w', ['attachDisk 1 xvdb']],
  ['block-detach golden xvdb', ['detachDisk 1 xvdb false']],
  ['block-detach --force golden 51728', ['detachDisk 1 51728 true']],
  ['network-attach golden mac=00:16:3e:00:00:02 bridge=xenbr0', ['attachVif 1 00:16:3e:00:00:02']],
  ['network-detach golden 00:16:3e:00:00:02', ['detachVif 1 00:16:3e:00:00:02']],
  ['sysrq golden s', ['sysrq 1 s']],
  ['mem-set golden 1g', ['setMemoryTarget 1 1048576']],
  ['mem-max golden 2048k', ['setMaxMemory 1 2048']],
  ['cd-eject golden xvdd', ['changeMedium 1 xvdd ']],
  ['suspend golden', ['suspend 1']],
  ['resume golden', ['resume 1']],
  ['debug-keys qr', ['debugKeys qr']],
  ['dmesg', ['dmesg false']],
  ['dmesg -c', ['dmesg true']],
  ['unp golden', ['unpause 1']],
  ['-v -f -T pause golden', ['pause 1']],
];

for (const [command, calls] of requests) {
  test(`xl ${command} asks for it`, async (t) => {
    const {outcome, host} = await runXlOn(t, command);
    t.deepEqual(host.calls, calls);
    t.is(outcome.status, 0);
  });
}

/** Whatever ends before the host is asked. */
const refused: readonly [command: string, stderr: string, status: number][] = [
  ['frobnicate', 'command not implemented\n', 1],
  ['l', 'command not implemented\n', 1],
  ['pci-attach golden 0', "xl: `pci-attach' is not supported: pvsim has no PCI devices to pass through\n", 1],
  ['vnc golden', "xl: warning: `vncviewer' has no effect: no VNC server runs yet\n", 0],
  ['-N list', 'command does not implement -N (dryrun) option\n', 1],
  ['-x', "xl: invalid option -- 'x'\nunknown global option\n", 1],
  ['cd-insert golden xvdd nosuch.iso', 'Cannot stat file: nosuch.iso\n', 1],
  [
    'config-update golden',
    'WARNING: xl now has better capability to manage domain configuration, avoid using this command when possible\nConfig file not specified\n',
    1,
  ],
  ['shutdown', 'You must specify -a or a domain id.\n\n', 1],
  ['list 4242', "Error: Domain '4242' does not exist.\n", 1],
  ['console -t bogus golden', 'console type supported are: pv, serial, vuart\n', 1],
  ['create', 'Config file not specified and none in save file\n', 6],
  ['create nosuch', 'Failed to read config file: nosuch: No such file or directory\n', 3],
  ['create .', 'Failed to read config file: .: Is a directory\n', 3],
];

for (const [command, stderr, status] of refused) {
  test(`xl ${command} is refused`, async (t) => {
    const {outcome, host} = await runXlOn(t, command);
    t.deepEqual(outcome, {stdout: '', stderr, status});
    t.deepEqual(host.calls, []);
  });
}

test('xl alone lists the commands and fails', async (t) => {
  const {stdout, stderr, status} = await xl(t, '');
  t.is(stdout, (await xl(t, 'help')).stdout);
  t.is(stderr, '');
  t.is(status, 1);
});

const CONFIG = 'name = "silver"\nkernel = "builtin"\nmemory = 64\n';

const createSteps: readonly [
  command: string,
  config: string,
  stderr: string,
  status: number,
  calls: readonly string[],
][] = [
  ['create a.cfg', CONFIG, 'Parsing config from a.cfg\n', 0, ['create silver false']],
  ['create -q a.cfg', CONFIG, '', 0, ['create silver false']],
  ['create a.cfg -p -q', CONFIG, '', 0, ['create silver true']],
  ['create -q -f a.cfg', CONFIG, '', 0, ['create silver false']],
  ['create -q a.cfg name="tin"', CONFIG, '', 0, ['create tin false']],
  ['create -qe a.cfg', CONFIG, '', 0, ['create silver false']],
  [
    'create a.cfg',
    'name = tin\n',
    'Parsing config from a.cfg\n' +
      "a.cfg:1: config parsing error near `tin': syntax error, unexpected IDENT, expecting STRING or NUMBER or '['\n" +
      'Failed to parse config: Invalid argument\n',
    1,
    [],
  ],
  ['create a.cfg', 'memory=5\nkernel="x"', 'Parsing config from a.cfg\nDomain name must be specified.\n', 1, []],
];

for (const [command, config, stderr, status, calls] of createSteps) {
  test(`xl ${command} of ${JSON.stringify(config)}`, async (t) => {
    const {outcome, host} = await runXlOn(t, command, (_host, dir) => writeFileSync(join(dir, 'a.cfg'), config));
    t.deepEqual(outcome, {stdout: '', stderr, status});
    t.deepEqual(host.calls, calls);
  });
}

test('xl create with two files prints its help', async (t) => {
  const {outcome, host} = await runXlOn(t, 'create a.cfg b.cfg');
  t.true(outcome.stdout.startsWith('Usage: xl [-vtTfN] create'));
  t.is(outcome.status, 2);
  t.deepEqual(host.calls, []);
});

test('xl create fails with the status that the host gives', async (t) => {
  const outcome = await runXlOn(t, 'create -q a.cfg', (host, dir) => {
    writeFileSync(join(dir, 'a.cfg'), CONFIG);
    host.failure = new ToolstackError('EINVAL', 'libxl: error: Illegal pool specified: nosuch', 6);
  });
  t.deepEqual(outcome.outcome, {stdout: '', stderr: 'libxl: error: Illegal pool specified: nosuch\n', status: 6});
});

const GOLDEN_CONFIG = `name = "golden"
type = "pv"
kernel = "/spike/vmlinux"
ramdisk = "/spike/domu-initrd.gz"
extra = "console=hvc0 net.ifnames=0 mitigations=off loglevel=7"
memory = 256
vcpus = 1
disk = ["/spike/d1.img,raw,xvda,rw"]
vif = ["mac=00:16:3e:00:00:01,bridge=xenbr0"]
on_reboot = "restart"
`;

const withoutUuid = (text: string): string => text.replace(/[0-9a-f]{8}-[-0-9a-f]{27}/, 'UUID');

for (const [command, target] of [
  ['create -n golden.cfg', 'create -n golden.cfg'],
  ['-N create golden.cfg', '-N create golden.cfg'],
  ['create -q -n golden.cfg', 'create -q -n golden.cfg'],
  ['-N block-attach 0 format=raw,vdev=xvdb,access=rw,target=/spike/d4.img', undefined],
  ['-N network-attach 0 mac=00:16:3e:00:00:02,bridge=xenbr0', undefined],
] as const) {
  test(`xl ${command} shows what it would do`, async (t) => {
    const step = readTranscript('config', 'xl-create-dryrun.txt').find(
      ({args}) => args.join(' ') === (target ?? command),
    );
    const {outcome, host} = await runXlOn(t, command, (_host, dir) =>
      writeFileSync(join(dir, 'golden.cfg'), GOLDEN_CONFIG),
    );
    t.is(withoutUuid(outcome.stdout), withoutUuid(step?.stdout ?? 'not recorded'));
    t.is(outcome.stderr, step?.stderr ?? 'not recorded');
    t.is(outcome.status, 0);
    t.deepEqual(host.calls, []);
  });
}

test('xl list -l shows domain 0, and a guest from the configuration it was made of', async (t) => {
  const served = await serve(t);
  writeFileSync(join(served.home.dir, 'golden.cfg'), GOLDEN_CONFIG);
  await xlOn(served, ['create', '-q', 'golden.cfg']);
  t.is(served.host.guests.length, 1);
  const {stdout, status} = (await xlOn(served, ['list', '-l'])).outcome;
  const theirs = readTranscript('config', 'xl-list-l.txt').find(({args}) => args.length === 2)?.stdout ?? '';
  // Their domain 0 has a balloon target of its own.
  t.is(withoutUuid(stdout), withoutUuid(theirs.replace('2097151', '2097152')));
  t.is(status, 0);
});
