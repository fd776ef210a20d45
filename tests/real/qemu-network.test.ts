import {spawn} from 'node:child_process';
import {debianGuest} from '../support/debian.ts';
import {missingProgram, realEnv, testWith} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

const QEMU = 'qemu-system-i386';
const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : missingProgram(QEMU);

const FILE_BYTES = 4 * 2 ** 20;
const ALICE = '10.0.0.1';
const LINUX = '10.0.0.9';
const CMDLINE =
  'console=ttyS0 quiet mitigations=off init_on_alloc=0 random.trust_cpu=on initcall_blacklist=isapnp_init';

/** What Linux does in place of an init: all of it, and then it waits to be ended. */
const script = [
  '/bin/busybox --install -s /bin',
  'export PATH=/bin:/sbin',
  'mkdir -p /proc /sys /dev /tmp/www',
  'mount -t proc proc /proc',
  'mount -t sysfs sysfs /sys',
  'insmod /lib/modules/e1000.ko',
  'ip link set lo up',
  `ip addr add ${LINUX}/24 dev eth0`,
  'ip link set eth0 up',
  `until ping -c 1 -W 1 ${ALICE}; do sleep 1; done`,
  `ping -c 3 -s 1400 ${ALICE}`,
  `cat /bin/busybox /lib/modules/*.ko | head -c ${FILE_BYTES} > /tmp/www/file`,
  'sha256sum /tmp/www/file',
  'httpd -h /tmp/www',
  'echo serving',
  `until echo from Linux | nc ${ALICE} 7000; do sleep 1; done`,
  'echo over',
  'while true; do sleep 100; done',
].join('; ');

testWith(missing, 'a Linux in QEMU shares a bridge with the built-in guest, which fetches 4 MiB from it', async (t) => {
  if ('missing' in guest) throw new Error(guest.missing);
  const {kernel, ramdisk} = guest.image;
  const host = XlHost.at(t);
  const cable = host.path('cable');
  const started = await host.pvsim('host', 'start', '--uplink', `xenbr0=listen:${cable}`);
  t.is(started.status, 0, started.stderr);
  const disk = `format=raw,vdev=xvda,access=rw,target=ram:${FILE_BYTES / 2 ** 20}M`;
  await host.create('alice', `extra = "ip=${ALICE}/24"`, 'vif = ["bridge=xenbr0"]', `disk = ["${disk}"]`);
  await host.waitForConsole('alice', /alice# $/);

  const machine = [
    '-machine',
    'pc',
    '-accel',
    'tcg',
    '-m',
    '128',
    '-nodefaults',
    '-display',
    'none',
    '-serial',
    'stdio',
  ];
  const boot = ['-kernel', kernel, '-initrd', ramdisk, '-append', `${CMDLINE} rdinit=/bin/sh -- -c "${script}"`];
  const netdev = `stream,id=net,server=off,addr.type=unix,addr.path=${cable}`;
  const card = ['-netdev', netdev, '-device', 'e1000,netdev=net,romfile='];
  const qemu = spawn(QEMU, [...machine, ...boot, ...card], {env: realEnv, stdio: ['ignore', 'pipe', 'pipe']});
  t.teardown(() => qemu.kill('SIGKILL'));
  let text = '';
  for (const output of [qemu.stdout, qemu.stderr]) output.on('data', (bytes: Buffer) => (text += bytes.toString()));
  const said = (pattern: RegExp): Promise<RegExpExecArray> =>
    host.waitFor(
      `${String(pattern)} of Linux in QEMU`,
      () => pattern.exec(text),
      () => text,
    );

  await said(/3 packets received, 0% packet loss/);
  const [, sum] = await said(/^([0-9a-f]{64}) {2}\/tmp\/www\/file/m);
  await said(/serving/);
  await host.type('alice', `ping -c 2 ${LINUX}`, /2 packets transmitted, 2 received/);
  await host.type('alice', `wget -O /dev/xvda http://${LINUX}/file`, /saved \[4194304\/4194304\]/);
  t.is((await host.type('alice', 'sha256sum /dev/xvda', /^[0-9a-f]{64}/m))[0], sum);
  await host.type('alice', 'nc -l 7000', /from Linux/);
});
