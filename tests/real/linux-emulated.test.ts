import {createHash} from 'node:crypto';
import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {DomId} from '../../hypervisor/index.ts';
import {GuestShell} from '../../toolstack/bench/linux/guest-shell.ts';
import {pattern, tempDir} from '../support/block.ts';
import {debianGuest} from '../support/debian.ts';
import {TestHost} from '../support/host.ts';
import {linuxConfig} from '../support/linux-config.ts';
import {missingProgram, realEnv, testWith} from '../support/real.ts';

const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : missingProgram('e2fsck');

const MIB = 1 << 20;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Pc {
  readonly host: TestHost;
  readonly domid: DomId;
  readonly shell: GuestShell;
  readonly path: (name: string) => string;
  readonly serialText: () => string;
  readonly typeSerial: (text: string) => void;
}

/** An HVM guest with three disks, one of them SCSI, a CD and two network cards, each of them with its PV twin, and a serial port. */
const boot = async (t: Parameters<typeof tempDir>[0] & {timeout(ms: number): void}, unplug: string): Promise<Pc> => {
  if ('missing' in guest) throw new Error(guest.missing);
  t.timeout(300_000);
  const directory = tempDir(t);
  const path = (name: string): string => join(directory, name);
  writeFileSync(path('disk.img'), pattern(8 * MIB));
  writeFileSync(path('spare.img'), new Uint8Array(16 * MIB));
  writeFileSync(path('disc.iso'), pattern(2 * MIB, 2));
  writeFileSync(path('scsi.img'), pattern(2 * MIB, 3));
  const host = await TestHost.start({seed: 5});
  t.teardown(() => host.close());
  const config = linuxConfig(guest.image, 'pc', '10.0.0.5').map((line) =>
    line.replace('"pvh"', '"hvm"').replace(/ pvsim\.ip=\S+"/, ` ${unplug}"`),
  );
  const disks = [
    `${path('disk.img')},raw,xvda,rw`,
    `${path('spare.img')},raw,xvdb,rw`,
    `${path('scsi.img')},raw,sdc,rw`,
    `${path('disc.iso')},raw,hdc,cdrom`,
  ];
  const domid = await host.create(
    [
      ...config,
      'serial = "pty"',
      `disk = [${disks.map((disk) => JSON.stringify(disk)).join(', ')}]`,
      'vif = ["mac=00:16:3e:00:00:01,model=rtl8139", "mac=00:16:3e:00:00:02,model=e1000"]',
      '',
    ].join('\n'),
  );
  let serial = '';
  host.host
    .consoleOutput(domid, {type: 'serial'})
    .subscribe((bytes) => (serial += Buffer.from(bytes).toString('latin1')));
  const shell = await GuestShell.boot(host.host, domid);
  return {
    host,
    domid,
    shell,
    path,
    serialText: () => serial,
    typeSerial: (text) => host.host.consoleInput(domid, new TextEncoder().encode(text), 'serial'),
  };
};

testWith(
  missing,
  "Linux's ata_piix, sym53c8xx, 8139cp, e1000, 8250 and i8042 drive our emulated devices, beside their PV twins",
  async (t) => {
    const {host, domid, shell, path, serialText, typeSerial} = await boot(t, 'xen_emul_unplug=unnecessary');
    const log = await shell.run('dmesg');
    t.regex(log, /ata1\.00: ATA-\d: PVSIM HARDDISK/);
    t.regex(log, /sd 2:0:2:0: \[sdc\] 4096 512-byte logical blocks/);
    t.regex(log, /sr 1:0:0:0: Attached scsi CD-ROM sr0/);
    t.regex(log, /ttyS0 at I\/O 0x3f8 \(irq = 4, base_baud = 115200\) is a 16550A/);
    t.regex(log, /input: AT Translated Set 2 keyboard/);

    const sums = await shell.run('sha256sum /dev/sda /dev/xvda /dev/sr0 /dev/sdc | cut -c -64');
    const disk = sha256(pattern(8 * MIB));
    t.deepEqual(sums.trim().split('\n'), [disk, disk, sha256(pattern(2 * MIB, 2)), sha256(pattern(2 * MIB, 3))]);
    writeFileSync(path('other.iso'), pattern(MIB, 4));
    const disc = host.host.config(domid).disks.find(({cdrom}) => cdrom)!;
    await host.host.disks.changeMedium(domid, {...disc, target: path('other.iso')});
    t.is((await shell.run('sha256sum /dev/sr0 | cut -c -64')).trim(), sha256(pattern(MIB, 4)));
    await shell.run('dd if=/dev/sda of=/dev/sda bs=1M count=4 seek=4 iflag=direct oflag=direct 2> /dev/null; sync');
    const expected = pattern(8 * MIB);
    expected.copyWithin(4 * MIB, 0, 4 * MIB);
    t.is(sha256(readFileSync(path('disk.img'))), sha256(expected));

    await shell.run(
      'mke2fs -F /dev/sdb > /dev/null; mount -t ext4 /dev/sdb /mnt; cp -r /bin/busybox /lib/modules /mnt',
    );
    await shell.run('sync; umount /mnt; mount -t ext4 /dev/sdb /mnt; cmp /bin/busybox /mnt/busybox; umount /mnt');
    t.notThrows(() => execFileSync('e2fsck', ['-fn', path('spare.img')], {env: realEnv, stdio: 'pipe'}));

    // By PV driver eth0 and eth1, by 8139cp eth2 and by e1000 eth3.
    t.is((await shell.run('cat /sys/class/net/eth2/address')).trim(), '00:16:3e:00:00:01');
    await shell.run('ip addr add 10.0.0.5/24 dev eth2; ip link set eth2 up; sleep 1; ping -c 3 -s 1400 10.0.0.254');
    // The other card has a network stack of its own, so that packets between them go over the bridge.
    await shell.run('mkfifo /tmp/hold; unshare -n sh -c "echo \\$\\$ > /tmp/pid; read x < /tmp/hold" & sleep 1');
    await shell.run('ip link set eth3 netns $(cat /tmp/pid)');
    const inside = 'nsenter -t $(cat /tmp/pid) -n';
    await shell.run(`${inside} ip addr add 10.0.0.6/24 dev eth3; ${inside} ip link set eth3 up; sleep 4`);
    for (const [listens, sends] of [
      ['', inside],
      [inside, ''],
    ]) {
      const address = listens === '' ? '10.0.0.5' : '10.0.0.6';
      await shell.run(
        `(${listens} nc -l -p 5000 | sha256sum > /tmp/sum) & job=$!; sleep 1; ${sends} nc ${address} 5000 < /bin/busybox; wait $job`,
      );
      t.is(await shell.run('cut -c -64 /tmp/sum'), await shell.run('sha256sum /bin/busybox | cut -c -64'));
    }

    await shell.run(
      'stty -F /dev/ttyS0 -echo; (while read line; do eval "$line"; done < /dev/ttyS0 > /dev/ttyS0) & sleep 1',
    );
    typeSerial('echo it is $((6 * 7))\n');
    await host.settle();
    t.is(serialText(), 'it is 42\r\n');
    t.notRegex(await shell.run('dmesg'), /WARNING|BUG:|Oops|exception Emask|Tx Unit Hang|NETDEV WATCHDOG/);
  },
);

testWith(
  missing,
  'Linux unplugs its emulated disks and network cards, keeps the CD, and uses the PV ones',
  async (t) => {
    const {host, shell, path} = await boot(t, '');
    t.regex(await shell.run('dmesg'), /unplug emulated NICs[^]*unplug emulated disks/);
    t.is(
      await shell.run('ls /dev | grep -E "^(sd|sr|xvd)"; ls /sys/class/net | cat'),
      'sr0\nxvda\nxvdb\nxvdc\neth0\neth1\nlo',
    );
    t.is(await shell.run('cat /sys/bus/pci/devices/*/device | sort'), '0x0001\n0x1237\n0x7000\n0x7010');
    await shell.run('ip addr add 10.0.0.5/24 dev eth0; ip link set eth0 up; ping -c 1 10.0.0.254');
    t.is(await shell.run('sha256sum /dev/xvda | cut -c -64'), sha256(readFileSync(path('disk.img'))));
    await shell.run('poweroff');
    await host.settle(5e9);
    t.deepEqual(
      host.host.domains().map(({name}) => name),
      ['Domain-0'],
    );
  },
);
