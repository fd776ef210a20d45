import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import type {DomId} from '../../hypervisor/index.ts';
import {READY} from '../../toolstack/image/initramfs.ts';
import {formatBreach} from '../../toolstack/referee/index.ts';
import {debianGuest} from '../support/debian.ts';
import {TestHost} from '../support/host.ts';
import {linuxConfig} from '../support/linux-config.ts';
import {realEnv, testWith} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : undefined;
const config = (name: string, address: string): string[] => {
  if ('missing' in guest) throw new Error(guest.missing);
  return linuxConfig(guest.image, name, address);
};

const tool = (program: string, ...args: string[]): Buffer =>
  execFileSync(program, args, {env: realEnv, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26});

/** Warnings and worse of Linux's own Xen code; the one line is a message without a level. */
const COMPLAINTS =
  "dmesg -r | grep '^<[0-4]>' | grep -v 'Grant table initialized' | " +
  "grep -ciE 'xen|xvd|vbd|vif|blkfront|netfront|eth0|grant|gnttab|evtchn|event channel|BUG|Oops|WARNING'";

testWith(
  missing,
  "Debian's kernel finds our devices, new ones too, reboots, panics, and leaves a clean ext4",
  async (t) => {
    const host = XlHost.at(t);
    const disk = host.path('disk.img');
    tool('mke2fs', '-q', '-t', 'ext4', disk, '24M');
    host.write('spare.img', new Uint8Array(2 ** 20));
    const devices = [`disk = ["${disk},raw,xvda,rw"]`, 'vif = ["bridge=xenbr0"]', 'on_crash = "restart"', ''];
    host.write('linux.cfg', [...config('linux', '10.0.0.5'), ...devices].join('\n'));
    /** Waits for the prompt behind the first `from` characters of the log, which goes on from guest to guest. */
    const ready = async (from = 0): Promise<void> => {
      const {index} = await host.waitForConsole('linux', new RegExp(`^${READY}.*$`, 'm'), from);
      await host.waitForConsole('linux', /^linux:.*# /m, from + index);
    };
    const type = (command: string, answer: RegExp) => host.type('linux', command, answer);
    await host.ok('create', '--referee', 'linux.cfg');
    await ready();

    await type('mount /dev/xvda /mnt && echo mounted $?', /^mounted 0$/m);
    await type('for i in $(seq 100); do echo $i > /mnt/$i; done; echo wrote $(ls /mnt | wc -l)', /^wrote 101$/m);
    const dd = 'dd if=/dev/urandom of=/mnt/random bs=64k count=64 2> /tmp/dd; sync; sha256sum /mnt/random';
    const [, written] = await type(dd, /^([0-9a-f]{64}) {2}\/mnt\/random$/m);

    await host.create('alice', 'extra = "ip=10.0.0.1/24"', 'vif = ["bridge=xenbr0"]');
    const [, loss] = await type('ping -c 3 10.0.0.1', /3 packets received, (\d+)% packet loss/);
    t.is(loss, '0');
    const [, back] = await host.type('alice', 'ping -c 3 10.0.0.5', /3 packets transmitted, (\d+) received/);
    t.is(back, '3');

    await host.ok('block-attach', 'linux', `${host.path('spare.img')},raw,xvdb,rw`);
    await type('sleep 1; cat /sys/block/xvdb/size', /^2048$/m);
    await host.ok('block-detach', 'linux', 'xvdb');
    await type('ls /sys/block/ | wc -l', /^1$/m);

    await host.ok('network-attach', 'linux', 'mac=00:16:3e:00:00:99');
    await type('sleep 1; cat /sys/class/net/eth1/address', /^00:16:3e:00:00:99$/m);
    const change = 'ip link set eth0 down; ip addr add 10.0.0.55/24 dev eth1; ip link set eth1 up; echo up $?';
    await type(change, /^up 0$/m);
    await type('ping -c 2 10.0.0.1', /2 packets received, 0% packet loss/);
    await host.ok('network-detach', 'linux', '1');
    await type('ls /sys/class/net', /^eth0 +lo$/m);
    await type(COMPLAINTS, /^0$/m);

    let seen = host.consoleText('linux').length;
    await host.ok('reboot', 'linux');
    await ready(seen);
    t.regex((await host.domains()).join('\n'), /^linux 3 /m);

    seen = host.consoleText('linux').length;
    await type('echo c > /proc/sysrq-trigger', /Kernel panic - not syncing: sysrq triggered crash/);
    await ready(seen);
    t.regex(await host.ok('dmesg'), /Domain 3 \(linux\) crashed.*\n(?:.*\n)*.*d3: .*Kernel panic - not syncing/);
    t.regex((await host.domains()).join('\n'), /^linux 4 /m);

    await type(COMPLAINTS, /^0$/m);
    await type('poweroff', /reboot: Power down/);
    await host.waitFor('end of the guest', async () =>
      (await host.domains()).every((line) => !line.startsWith('linux ')),
    );
    t.regex(tool('e2fsck', '-fn', disk).toString(), /Pass 5/);
    t.is(
      createHash('sha256')
        .update(tool('debugfs', '-R', 'cat /random', disk))
        .digest('hex'),
      written,
    );
    await host.waitFor('ledger of the last', () => /referee: d4 leaves/.exec(host.read('log/daemon.log')));
    const said = host.read('log/daemon.log').match(/referee: .*/g);
    t.deepEqual(new Set(said), new Set([1, 3, 4].map((domid) => `referee: d${domid} leaves nothing behind`)));
  },
);

testWith(missing, 'two Linux guests and ours ping each other; 16 MiB go from Linux to Linux over TCP', async (t) => {
  t.timeout(300_000);
  const host = await TestHost.start({seed: 3, referee: true});
  const breaches: string[] = [];
  host.host.breaches.subscribe((breach) => void breaches.push(formatBreach(breach)));
  const boot = async (name: string, address: string): Promise<DomId> => {
    const domid = await host.create([...config(name, address), 'vif = ["bridge=xenbr0"]', ''].join('\n'));
    for (let tries = 0; tries < 60 && !host.consoleText(domid).includes('# '); tries++) await host.settle();
    return domid;
  };
  const server = await boot('server', '10.0.0.5');
  const client = await boot('client', '10.0.0.6');
  const builtin = await host.boot('ours', 'vif=["bridge=xenbr0"]\nextra="ip=10.0.0.7/24"');
  for (const from of [server, client, builtin]) {
    for (const to of ['10.0.0.5', '10.0.0.6', '10.0.0.7']) {
      t.regex(await host.shell(from, `ping -c 1 ${to}`), / 1 (packets )?received, 0% packet loss/, `${from} to ${to}`);
    }
  }
  await host.shell(server, 'dd if=/dev/urandom of=/tmp/sent bs=64k count=256', 8e9);
  await host.shell(server, 'nc -l -p 99 < /tmp/sent &', 1e9);
  await host.shell(client, 'nc 10.0.0.5 99 > /tmp/received; echo end $?', 1e9);
  for (let tries = 0; tries < 60 && !host.consoleText(client).includes('end 0'); tries++) await host.settle();
  const sum = async (domid: DomId, file: string): Promise<string | undefined> =>
    /^[0-9a-f]{32}/m.exec(await host.shell(domid, `md5sum ${file}`, 8e9))?.[0];
  const sent = await sum(server, '/tmp/sent');
  t.truthy(sent, host.consoleText(server));
  t.is(await sum(client, '/tmp/received'), sent, host.consoleText(client));
  await host.close();
  t.deepEqual(breaches, []);
});
