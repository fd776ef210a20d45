import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {virtualClock} from '../../hypervisor/schedule/index.ts';
import {createHost} from '../../toolstack/host/host.ts';
import {debianGuest} from '../support/debian.ts';
import {realEnv, testWith} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : undefined;

const config = (name: string, ...more: string[]): string => {
  if ('missing' in guest) throw new Error(guest.missing);
  const [cmdline] = /^cmdline .*$/m.exec(readFileSync(guest.image.config, 'utf8')) ?? [];
  const {kernel, ramdisk} = guest.image;
  return [
    `name = "${name}"`,
    'type = "pvh"',
    `kernel = "${kernel}"`,
    `ramdisk = "${ramdisk}"`,
    cmdline,
    'memory = 96',
    ...more,
    '',
  ].join('\n');
};

const tool = (program: string, ...args: string[]): Buffer =>
  execFileSync(program, args, {env: realEnv, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26});

const ADDRESS = '/sys/class/net/eth0/address';

const COMPLAINTS =
  "dmesg -r | grep '^<[0-4]>' | grep -v 'Grant table initialized' | " +
  "grep -ciE 'xen|xvd|vbd|vif|blkfront|netfront|eth0|grant|gnttab|evtchn|event channel|BUG|Oops|WARNING'";

testWith(missing, 'a checksum job on a disk survives save and restore', async (t) => {
  const host = XlHost.at(t);
  const disk = host.path('disk.img');
  tool('mke2fs', '-q', '-t', 'ext4', disk, '16M');
  host.write(
    'linux.cfg',
    config(
      'linux',
      `disk = ["${disk},raw,xvda,rw", "format=raw,vdev=xvdb,access=rw,target=ram:4M"]`,
      'vif = ["bridge=xenbr0"]',
    ),
  );
  const type = (command: string, answer: RegExp) => host.type('linux', command, answer);
  await host.ok('create', 'linux.cfg');
  await host.waitForConsole('linux', /^linux:.*# /m);
  await type('mount /dev/xvda /mnt && echo mounted $?', /^mounted 0$/m);
  const [, sum] = await type(
    'dd if=/dev/urandom of=/mnt/data bs=64k count=8 2> /dev/null; sync; sha256sum /mnt/data',
    /^([0-9a-f]{64}) {2}\/mnt\/data$/m,
  );
  const round = 'dd if=/mnt/data bs=64k iflag=direct 2> /dev/null | sha256sum >> /mnt/sums';
  await type(
    `: > /mnt/sums; (until [ -e /tmp/enough ]; do ${round}; done; echo job $((1)) done) & echo begun $?`,
    /^begun 0$/m,
  );
  /** Waits until the job has done some more rounds. */
  const goesOn = () =>
    type(
      'n=$(wc -l < /mnt/sums); while [ $(wc -l < /mnt/sums) -lt $((n + 3)) ]; do sleep 0.1; done; echo more $?',
      /^more 0$/m,
    );
  await goesOn();

  await type('dd if=/mnt/data of=/dev/xvdb bs=64k oflag=direct 2> /dev/null; echo copied $?', /^copied 0$/m);
  const [, mac] = await type(`cat ${ADDRESS}`, /^([0-9a-f:]{17})$/m);
  t.regex(
    (await host.xl('save', '-c', 'linux', 'running.save')).stderr,
    /^Saving to running\.save new xl format \(info 0x3\/0x0\/\d+\)$/m,
  );
  await type('echo still $((6 * 7))', /^still 42$/m);
  const {status, stderr} = await host.xl('save', 'linux', 'linux.save');
  t.is(status, 0, stderr);
  t.deepEqual(await host.domains(), ['Domain-0 0 r-----']);

  await host.ok('restore', 'linux.save');
  t.regex((await host.domains()).join('\n'), /^linux 2 [-r][-b]----$/m);
  await goesOn();
  await type('touch /tmp/enough', /job 1 done$/m);
  await type('sort -u /mnt/sums; sort -u /mnt/sums | wc -l', new RegExp(`^${sum} +-\n1$`, 'm'));
  await type('dd if=/dev/xvdb bs=64k count=8 iflag=direct 2> /dev/null | sha256sum', new RegExp(`^${sum} `, 'm'));
  await type(`cat ${ADDRESS}`, new RegExp(`^${mac}$`, 'm'));
  await type('ping -c 2 10.0.0.254', /2 packets received, 0% packet loss/);
  await type(COMPLAINTS, /^0$/m);
  await host.ok('shutdown', '-w', 'linux');
  t.regex(tool('e2fsck', '-fn', disk).toString(), /Pass 5/);
  t.is(
    createHash('sha256')
      .update(tool('debugfs', '-R', 'cat /data', disk))
      .digest('hex'),
    sum,
  );
});

testWith(missing, 'guests from a warm image are at their prompt at once, and know their own nics', async (t) => {
  const host = XlHost.at(t);
  host.write('linux.cfg', config('linux'));
  const made = await host.pvsim('image', 'snapshot', 'linux.cfg', '-o', '.');
  t.is(made.status, 0, made.stderr);
  t.regex(made.stdout, /^warm_image = ".*\/linux\.warm"$/m);
  for (const [i, name] of ['one', 'two'].entries()) {
    host.write(`${name}.cfg`, `${made.stdout}name = "${name}"\nvif = ["mac=00:16:3e:00:00:0${i}"]\n`);
    await host.ok('create', `${name}.cfg`);
    await host.type(
      name,
      `until cat ${ADDRESS} 2> /dev/null; do sleep 0.1; done`,
      new RegExp(`^00:16:3e:00:00:0${i}$`, 'm'),
    );
    await host.type(name, `ip addr add 10.0.0.${i + 1}/24 dev eth0; ip link set eth0 up; echo up $?`, /^up 0$/m);
  }
  await host.type('one', 'ping -c 2 10.0.0.2', /2 packets received, 0% packet loss/);
  for (const name of ['one', 'two']) await host.type(name, COMPLAINTS, /^0$/m);

  const restored = async () => {
    const twin = await createHost({clock: virtualClock(5)});
    const domid = await twin.create(twin.parse(made.stdout));
    await twin.clock.sleep(2e9);
    const seen = {counters: twin.xen.domain(domid)?.vcpus[0].counters(), log: twin.consoles.guest(domid)?.scrollback};
    await twin.close({graceNs: 0});
    return seen;
  };
  const first = await restored();
  t.true((first.counters?.instructions ?? 0) > 1e6);
  t.deepEqual(await restored(), first, 'virtual time gives the same twice');
});
