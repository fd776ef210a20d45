import test from 'ava';
import {GuestRig, XVDA} from './guest-rig.ts';

const SHUTDOWN_poweroff = 0;
const SHUTDOWN_reboot = 1;
const SHUTDOWN_crash = 3;
const SECOND = 1e9;

/** The log without its stamps, which tell virtual time. */
const unstamped = (text: string): string => text.replaceAll(/^\[ +\d+\.\d{6}\] /gm, '');

test('the boot log tells what is there, then the prompt comes', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({cmdline: 'ip=10.0.0.1/24 quiet', disks: [XVDA], vifs: [0]});
  const text = rig.text(guest);
  t.regex(text, /^\[ {4}0\.000000\] pvsim built-in guest kernel \(x86_64\)\n/);
  const lines = unstamped(text).split('\n');
  t.deepEqual(lines.slice(1, 6), [
    'Command line: ip=10.0.0.1/24 quiet',
    'Memory: 7888K/8192K available',
    'xenstore: ring at gfn 1, port 1',
    'hvc0: ring at gfn 2, port 2',
    'xen: this is domain 1 "guest1"',
  ]);
  t.deepEqual(lines.slice(6, 9).sort(), [
    'blkfront: xvda: 2048 sectors of 512 bytes (1M), read-write',
    'eth0: address 10.0.0.1/24',
    'netfront: eth0: 00:16:3e:00:00:01, mtu 1500',
  ]);
  t.true(text.endsWith('"help" lists the commands.\nguest1# '));
  const dmesg = await rig.type(guest, 'dmesg\r');
  t.true(dmesg.includes(text.slice(0, text.indexOf('\n\n'))));
});

test('the shell works on real devices', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({disks: [XVDA]});
  const shown = await rig.type(
    guest,
    'dd if=/dev/random of=/dev/xvda bs=64k count=16; sha256sum /dev/xvda; cat /proc/interrupts\r',
  );
  t.regex(shown, /16\+0 records in\n16\+0 records out\n1048576 bytes/);
  t.regex(shown, /\n[0-9a-f]{64} {2}\/dev\/xvda\n/);
  t.regex(shown, / 1: +\d+ interdomain xenstore\n +2: +\d+ interdomain hvc0\n +\d+: +\d+ interdomain vbd\/51712\n/);
});

test('hostname=, run= and two guests that ping each other', async (t) => {
  const rig = await GuestRig.create();
  const first = await rig.boot({cmdline: 'ip=10.0.0.1/24', vifs: [0]});
  const second = await rig.boot({
    cmdline: 'hostname=box ip=10.0.0.2/24 run=\'echo a  "b c"; ping -c 2 10.0.0.1; foo\'',
    vifs: [0],
  });
  await rig.settle(5 * SECOND);
  const text = rig.text(second);
  t.regex(text, /\nbox# echo a {2}"b c"; ping -c 2 10\.0\.0\.1; foo\na b c\nPING 10\.0\.0\.1 /);
  t.regex(text, /2 packets transmitted, 2 received, 0% packet loss/);
  t.true(text.endsWith('sh: foo: not found\nbox# '));
  t.regex(await rig.type(second, 'arp -n\r'), /10\.0\.0\.1 +ether +00:16:3e:00:00:01 /);
  t.regex(await rig.type(first, 'netstat -s\r'), /\n {4}2 in echos\n/);
});

test('features as Linux writes them; suspend is not offered', async (t) => {
  const rig = await GuestRig.create();
  await rig.boot();
  const control = '/local/domain/1/control';
  t.is(await rig.read(`${control}/feature-poweroff`), '1');
  t.is(await rig.read(`${control}/feature-reboot`), '1');
  t.is(await rig.read(`${control}/feature-suspend`), undefined);
});

const stops: [request: string, reason: number, message: string][] = [
  ['poweroff', SHUTDOWN_poweroff, 'reboot: Power down'],
  ['halt', SHUTDOWN_poweroff, 'reboot: System halted'],
  ['reboot', SHUTDOWN_reboot, 'reboot: Restarting system'],
];

for (const [request, reason, message] of stops) {
  test(`control/shutdown "${request}": acknowledged, devices closed in order, domain stopped`, async (t) => {
    const rig = await GuestRig.create();
    const guest = await rig.boot({disks: [XVDA], vifs: [0]});
    const from = rig.rig.trace.length;
    await rig.write('/local/domain/1/control/shutdown', request);
    await rig.settle();
    t.is(guest.domain.shutdownReason, reason);
    t.is(await rig.read('/local/domain/1/control/shutdown'), '');
    t.true(rig.text(guest).endsWith(`${message}\n`));
    // Each frontend 5, backend 5, frontend 6; the vif before the disk.
    const states = rig.rig.trace
      .slice(from)
      .flatMap((line) => /d(\d) xenbus_state path=(\S+) (.*)/.exec(line)?.slice(1).join(' ') ?? []);
    const order = [
      '1 device/vif/0 state=Closing',
      '0 backend/vif/1/0 state=Closing',
      '1 device/vif/0 state=Closed',
      '1 device/vbd/51712 state=Closing',
      '0 backend/vbd/1/51712 state=Closing',
      '1 device/vbd/51712 state=Closed',
    ];
    t.deepEqual(
      states.filter((state) => order.includes(state)),
      order,
    );
    t.true(states.includes('0 backend/vif/1/0 state=Closed'));
    t.true(states.includes('0 backend/vbd/1/51712 state=Closed'));
  });
}

test('the shell can stop the machine too', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({disks: [XVDA]});
  t.regex(await rig.type(guest, 'reboot; echo no\r'), /^reboot; echo no\n\[ .*\] reboot: Restarting system\n$/);
  t.is(guest.domain.shutdownReason, SHUTDOWN_reboot);
});

test('suspend is refused in words, and acknowledged', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot();
  await rig.write('/local/domain/1/control/shutdown', 'suspend');
  await rig.settle();
  t.is(await rig.read('/local/domain/1/control/shutdown'), '');
  t.regex(rig.text(guest), /suspend: not supported by this kernel/);
  t.is(guest.domain.shutdownReason, undefined);
});

test('an unknown request is ignored and left alone', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot();
  await rig.write('/local/domain/1/control/shutdown', 'explode');
  await rig.settle();
  t.is(await rig.read('/local/domain/1/control/shutdown'), 'explode');
  t.regex(rig.text(guest), /Ignoring shutdown request: explode\n/);
});

test('a backend that is stuck delays the shutdown, no more', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({disks: [XVDA]});
  rig.stopBackends();
  await rig.write('/local/domain/1/control/shutdown', 'poweroff');
  // 30 s for the flush of the disk, 5 s for its Closing.
  await rig.settle(34 * SECOND);
  t.is(guest.domain.shutdownReason, undefined);
  await rig.settle(2 * SECOND);
  t.is(guest.domain.shutdownReason, SHUTDOWN_poweroff);
  t.regex(rig.text(guest), /xenbus: device\/vbd\/51712: timeout closing device\n/);
});

const sysrqs: [key: string, shown: RegExp, reason: number | undefined][] = [
  ['h', /sysrq: HELP : reboot\(b\) crash\(c\) help\(h\)/, undefined],
  ['x', /sysrq: HELP : /, undefined],
  ['constructor', /sysrq: HELP : /, undefined],
  ['s', /sysrq: Emergency Sync\n.*Emergency Sync complete\n/, undefined],
  ['m', /sysrq: Show Memory\n.*2048 pages RAM, \d+ pages free\n/, undefined],
  ['b', /sysrq: Resetting\n/, SHUTDOWN_reboot],
  ['c', /sysrq: Trigger a crash\n.*Kernel panic - not syncing: sysrq triggered crash\n/, SHUTDOWN_crash],
  ['o', /sysrq: Power Off\n.*reboot: Power down\n/, SHUTDOWN_poweroff],
];

for (const [key, shown, reason] of sysrqs) {
  test(`sysrq ${key}`, async (t) => {
    const rig = await GuestRig.create();
    const guest = await rig.boot({disks: [XVDA]});
    await rig.write('/local/domain/1/control/sysrq', key);
    await rig.settle();
    t.regex(rig.text(guest), shown);
    t.is(await rig.read('/local/domain/1/control/sysrq'), '');
    t.is(guest.domain.shutdownReason, reason);
  });
}

test('crash crashes the domain, with the reason on both consoles', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot();
  await rig.type(guest, 'crash just so\r');
  t.is(guest.domain.shutdownReason, SHUTDOWN_crash);
  t.regex(rig.text(guest), /Kernel panic - not syncing: just so\n$/);
  t.true(rig.rig.xen.consoleLines.includes('(XEN) Domain 1 crashed: just so'));
});

test('devices come and go while the guest runs', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({cmdline: 'ip1=10.0.1.1/24', disks: [XVDA]});
  await rig.addDisk(guest, XVDA + 16, {mode: 'r'});
  await rig.addVif(guest, 1);
  t.regex(rig.text(guest), /blkfront: xvdb: 2048 sectors of 512 bytes \(1M\), read-only\n/);
  t.regex(await rig.type(guest, 'lsblk; ip addr show eth1\r'), /xvdb 202:16 .* 1 disk\n[^]*inet 10\.0\.1\.1\/24/);
  await rig.detach(guest, 'vbd', XVDA + 16);
  await rig.detach(guest, 'vif', 1);
  t.regex(rig.text(guest), /blkfront: xvdb: removed\n/);
  t.regex(rig.text(guest), /netfront: eth1: removed\n/);
  const left = await rig.type(guest, 'lsblk; ip link\r');
  t.notRegex(left, /xvdb|eth1/);
  t.regex(left, /xvda/);
});

test('a device that cannot work does not hold up the boot for ever', async (t) => {
  const rig = await GuestRig.create();
  const setup = rig.boot({disks: [XVDA]});
  const guest = await setup;
  await rig.rig.run(() => rig.rig.dom0.xs.write('/local/domain/1/device/vbd/51744/backend', '/nowhere'));
  t.true(rig.text(guest).endsWith('guest1# '));
  const other = await rig.rig.createGuest();
  await rig.rig.addDevice({guest: other, type: 'vbd', devid: XVDA, front: {'virtual-device': 'x'}});
  const {bootBuiltin} = await import('../../frontends/guest/index.ts');
  let booted = false;
  void bootBuiltin({ops: other.ops, xs: other.xs}).booted.then(() => (booted = true));
  await rig.settle(31 * SECOND);
  t.true(booted);
});

test('a guest that is destroyed leaves nothing behind', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({disks: [XVDA], vifs: [0]});
  await rig.type(guest, 'sleep 1000\r');
  rig.rig.destroy(guest);
  guest.handle.stop();
  await rig.settle();
  for (const path of ['/local/domain/1', '/local/domain/0/backend/vbd/1', '/local/domain/0/backend/vif/1']) {
    await rig.rig.run(() => rig.rig.dom0.xs.rm(path));
  }
  await rig.settle();
  t.is(rig.rig.xen.domain(1), undefined);
  t.deepEqual(guest.faults, []);
});

test('the same seed boots the same way', async (t) => {
  const once = async (seed: number): Promise<string> => {
    const rig = await GuestRig.create(seed);
    const guest = await rig.boot({cmdline: "run='sha256sum /dev/xvda'", disks: [XVDA], vifs: [0]});
    return rig.text(guest) + rig.rig.trace.join('\n');
  };
  t.is(await once(7), await once(7));
});
