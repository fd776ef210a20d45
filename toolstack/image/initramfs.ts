import {type CpioEntry, MODE_DIRECTORY, MODE_FILE, MODE_PROGRAM, MODE_SYMLINK, newcArchive} from './cpio.ts';

const directories = [
  'bin',
  'sbin',
  'usr',
  'usr/bin',
  'usr/sbin',
  'dev',
  'proc',
  'sys',
  'mnt',
  'tmp',
  'etc',
  'lib/modules',
];

const INITTAB = `::sysinit:/etc/rc
hvc0::respawn:-/bin/sh
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/umount -a -r -t ext4
`;

/** What the guest prints when its devices are there and its shell is about to start. */
export const READY = 'pvsim: ready';

/** Loads the drivers; goes on from the disk that `root=` names, or else stays. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
lists=/etc/modules
[ -n "$(ls /sys/bus/pci/devices)" ] && lists="$lists /etc/modules.pc"
for module in $(cat $lists); do insmod /lib/modules/$module.ko; done
options=rw
for word in $(cat /proc/cmdline); do
  case $word in
    root=*) root=\${word#root=} ;;
    ro) options=ro ;;
  esac
done
[ -z "$root" ] && exec /sbin/init
for try in $(seq 100); do [ -b $root ] && break; sleep 0.1; done
mount -t ext4 -o $options $root /mnt || exec /sbin/init
for directory in proc sys dev; do mount --move /$directory /mnt/$directory; done
exec switch_root /mnt /sbin/init
`;

/** `pvsim.ip=ADDRESS/LENGTH` on the command line is for eth0. */
const RC = `#!/bin/busybox sh
/bin/busybox --install -s 2> /dev/null
mount -t tmpfs tmpfs /tmp
hostname linux
ip link set lo up
for word in $(cat /proc/cmdline); do
  case $word in
    pvsim.ip=*) ip addr add \${word#pvsim.ip=} dev eth0 && ip link set eth0 up ;;
  esac
done
echo "${READY}, Linux $(uname -r)"
`;

const PROFILE = `export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/ TERM=vt100
export PS1='\\h:\\w# '
`;

interface ModuleFile {
  /** Without folder and extension. */
  readonly name: string;
  readonly content: Uint8Array;
}

export interface GuestFiles {
  readonly busybox: Uint8Array;
  /** In the order of loading. */
  readonly modules: readonly ModuleFile[];
  /** Those for machines with a PCI bus. */
  readonly pcModules: readonly ModuleFile[];
}

const text = (path: string, mode: number, content: string): CpioEntry => ({path, mode, content: Buffer.from(content)});

const namesOf = (modules: readonly ModuleFile[]): string => modules.map(({name}) => `${name}\n`).join('');

/** What a guest runs from, in memory or on a disk: busybox as its init, and a shell on hvc0. */
export const baseFiles = (busybox: Uint8Array): CpioEntry[] => [
  text('lib', MODE_DIRECTORY, ''),
  ...directories.map((path) => text(path, MODE_DIRECTORY, '')),
  {path: 'bin/busybox', mode: MODE_PROGRAM, content: busybox},
  text('bin/sh', MODE_SYMLINK, 'busybox'),
  text('sbin/init', MODE_SYMLINK, '../bin/busybox'),
  text('etc/inittab', MODE_FILE, INITTAB),
  text('etc/rc', MODE_PROGRAM, RC),
  text('etc/profile', MODE_FILE, PROFILE),
];

/** The first file system of a guest, with its modules. Unpacked: Linux reads it faster. */
export const guestInitramfs = ({busybox, modules, pcModules}: GuestFiles): Uint8Array =>
  newcArchive([
    ...baseFiles(busybox),
    text('init', MODE_PROGRAM, INIT),
    text('etc/modules', MODE_FILE, namesOf(modules)),
    text('etc/modules.pc', MODE_FILE, namesOf(pcModules)),
    ...[...modules, ...pcModules].map(({name, content}) => ({
      path: `lib/modules/${name}.ko`,
      mode: MODE_FILE,
      content,
    })),
  ]);
