import {execFileSync} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {copyFileSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {READY} from '../../toolstack/image/initramfs.ts';
import {debianGuest} from '../support/debian.ts';
import {grubGuest} from '../support/grub.ts';
import {realEnv, testWith} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

const MIB = 2 ** 20;

const guest = await debianGuest();
const grub = await grubGuest([]);
const missing = 'missing' in guest ? guest.missing : 'missing' in grub ? grub.missing : undefined;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A root disk as an installed Debian has it: kernel, initrd and boot menu below /boot. */
const makeBootDisk = (host: XlHost): string => {
  if ('missing' in guest) throw new Error(guest.missing);
  const [, cmdline] = /cmdline = "([^"]*)"/.exec(readFileSync(guest.image.config, 'utf8')) ?? [];
  mkdirSync(host.path('files/boot/grub'), {recursive: true});
  copyFileSync(guest.image.kernel, host.path('files/boot/vmlinuz'));
  copyFileSync(guest.image.ramdisk, host.path('files/boot/initrd.img'));
  writeFileSync(
    host.path('files/boot/grub/grub.cfg'),
    `set timeout=0\nmenuentry "Debian" {\n  linux /boot/vmlinuz ${cmdline}\n  initrd /boot/initrd.img\n}\n`,
  );
  const disk = host.path('boot.img');
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', host.path('files'), disk, '24M'], {env: realEnv});
  return disk;
};

testWith(missing, 'GRUB boots Linux from the disk of the guest, and Linux takes over the same disks', async (t) => {
  const host = XlHost.at(t);
  const disk = makeBootDisk(host);
  host.write('data.img', randomBytes(MIB));
  const kernel = 'image' in grub ? grub.image.kernel : '';
  const disks = [`"${disk},raw,xvda,rw"`, `"${host.path('data.img')},raw,xvdb,rw"`].join(', ');
  const boot = async (name: string, how: string): Promise<void> => {
    const lines = [`name = "${name}"`, 'type = "pvh"', how, 'memory = 128', `disk = [${disks}]`, ''];
    host.write(`${name}.cfg`, lines.join('\n'));
    await host.ok('create', `${name}.cfg`);
    const {index} = await host.waitForConsole(name, new RegExp(`^${READY}.*$`, 'm'));
    await host.waitForConsole(name, /^linux:.*# /m, index);
  };
  await boot('pvgrub', `kernel = "${kernel}"`);
  for (const [name, path] of [
    ['xvda', disk],
    ['xvdb', host.path('data.img')],
  ]) {
    const [, seen] = await host.type('pvgrub', `sha256sum /dev/${name}`, /^([0-9a-f]{64}) {2}\/dev\//m);
    t.is(seen, sha256(readFileSync(path)), name);
  }
  await host.type('pvgrub', 'mount /dev/xvda /mnt && cp /proc/version /mnt && umount /mnt; echo done $?', /^done 0$/m);
  await host.ok('shutdown', '-w', 'pvgrub');
  // The other way to the same kernel: dom0 takes it off the disk.
  await boot('pygrub', 'bootloader = "pygrub"');
  await host.type('pygrub', 'mount -o ro /dev/xvda /mnt && cut -c-13 /mnt/version', /^Linux version$/m);
  await host.ok('shutdown', '-w', 'pygrub');
  t.regex(execFileSync('e2fsck', ['-fn', disk], {env: realEnv, stdio: 'pipe'}).toString(), /Pass 5/);
});
