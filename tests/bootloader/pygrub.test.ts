import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {SHUTDOWN_watchdog} from '../../hypervisor/abi/sched.ts';
import {ToolstackError} from '../../toolstack/errors.ts';
import {TestHost} from '../support/host.ts';
import {realEnv, realTest} from '../support/real.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {elfKernel, sayAndShutDown} from '../support/tiny-kernel.ts';

const own = mkdtempSync(join(tmpdir(), 'pv-boot-'));
process.env.TMPDIR = own;
process.once('exit', () => rmSync(own, {recursive: true, force: true}));

const SECTOR = 512;
const MIB = 2 ** 20;
const GRUB_CFG = `set default=1
menuentry 'broken' {
  linux /boot/nothing
}
menuentry 'tiny' {
  linux /boot/tiny from=menu
  initrd /boot/ramdisk
}
`;

const makeFileSystem = (t: ExecutionContext, grubCfg = GRUB_CFG): Buffer => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'tree/boot/grub'), {recursive: true});
  writeFileSync(join(directory, 'tree/boot/tiny'), elfKernel(sayAndShutDown('off the disk\n', SHUTDOWN_watchdog)));
  writeFileSync(join(directory, 'tree/boot/ramdisk'), 'ramdisk');
  writeFileSync(join(directory, 'tree/boot/grub/grub.cfg'), grubCfg);
  const image = join(directory, 'fs');
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', join(directory, 'tree'), image, '4M'], {env: realEnv});
  return readFileSync(image);
};

/** A swap partition, then the file system. */
const withMbr = (fs: Buffer): Buffer => {
  const disk = Buffer.concat([Buffer.alloc(2 * MIB), fs]);
  for (const [i, [type, start, bytes]] of [
    [0x82, 2048, MIB],
    [0x83, 4096, fs.length],
  ].entries()) {
    const at = 446 + i * 16;
    disk[at + 4] = type;
    disk.writeUInt32LE(start, at + 8);
    disk.writeUInt32LE(bytes / SECTOR, at + 12);
  }
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
};

/** The file system in the second logical partition. */
const withLogical = (fs: Buffer): Buffer => {
  const disk = Buffer.concat([Buffer.alloc(4 * MIB), fs]);
  const record = (sector: number, entries: readonly (readonly [number, number, number])[]): void => {
    for (const [i, [type, start, sectors]] of entries.entries()) {
      const at = sector * SECTOR + 446 + i * 16;
      disk[at + 4] = type;
      disk.writeUInt32LE(start, at + 8);
      disk.writeUInt32LE(sectors, at + 12);
    }
    disk.writeUInt16LE(0xaa55, sector * SECTOR + 510);
  };
  record(0, [[0x05, 2048, (disk.length - MIB) / SECTOR]]);
  record(2048, [
    [0x82, 8, 64],
    [0x05, 2048, 4096],
  ]);
  record(4096, [[0x83, 4096, fs.length / SECTOR]]);
  return disk;
};

const withGpt = (fs: Buffer): Buffer => {
  const disk = Buffer.concat([Buffer.alloc(2 * MIB), fs, Buffer.alloc(MIB)]);
  disk[446 + 4] = 0xee;
  disk.writeUInt32LE(1, 446 + 8);
  disk.writeUInt32LE(disk.length / SECTOR - 1, 446 + 12);
  disk.writeUInt16LE(0xaa55, 510);
  disk.write('EFI PART', SECTOR);
  disk.writeBigUInt64LE(2n, SECTOR + 72);
  disk.writeUInt32LE(128, SECTOR + 80);
  disk.writeUInt32LE(128, SECTOR + 84);
  const entry = 2 * SECTOR + 3 * 128;
  disk.fill(7, entry, entry + 16);
  disk.writeBigUInt64LE(4096n, entry + 32);
  disk.writeBigUInt64LE(BigInt(4096 + fs.length / SECTOR - 1), entry + 40);
  return disk;
};

const boot = async (t: ExecutionContext, disk: Buffer, more = '') => {
  const path = join(temporaryDirectory(t), 'disk');
  writeFileSync(path, disk);
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const text = `name="p"\ntype="pvh"\nbootloader="pygrub"\nmemory=16\ndisk=["${path},raw,xvda,rw"]\non_watchdog="preserve"`;
  return {host, domid: await host.create(`${text}\n${more}`)};
};

const layouts: readonly [title: string, layout: (fs: Buffer) => Buffer][] = [
  ['on the whole disk', (fs) => fs],
  ['in a partition', withMbr],
  ['in a logical partition', withLogical],
  ['in a GPT partition', withGpt],
];

for (const [title, layout] of layouts) {
  realTest('mke2fs', `bootloader="pygrub" boots what grub.cfg says, from a file system ${title}`, async (t) => {
    const {host, domid} = await boot(t, layout(makeFileSystem(t)), 'extra="from=cfg"\nbootloader_args=["--quiet"]');
    t.is(await host.host.waitShutdown(domid), SHUTDOWN_watchdog);
    t.true(host.host.dmesg().includes(`(XEN) d${domid}: off the disk`));
    const {u8} = host.host.xen.domain(domid)?.memory ?? {u8: new Uint8Array()};
    t.is(Buffer.from(u8.subarray(0x6200, 0x6218)).toString(), 'from=menu from=cfg\0\0\0\0\0\0', 'the command line');
  });
}

interface Refusal {
  readonly title: string;
  readonly config: string;
  readonly grubCfg?: string;
  readonly message: RegExp;
}

const refusals: readonly Refusal[] = [
  {title: 'an entry without its kernel', config: 'bootloader_args=["--entry=0"]', message: /has no \/boot\/nothing$/},
  {title: 'no such entry', config: 'bootloader_args=["--entry=old"]', message: /has no entry "old" that starts Linux$/},
  {title: 'an empty menu', config: '', grubCfg: '', message: /has no entry "0" that starts Linux$/},
  {title: 'an argument', config: 'bootloader_args=["--frobnicate"]', message: /argument --frobnicate is not supported/},
  {title: 'a kernel that is not there', config: 'bootloader_args=["--kernel=/vmlinuz"]', message: /has none of/},
];

for (const {title, config, grubCfg, message} of refusals) {
  realTest('mke2fs', `pygrub refuses in one line and leaves nothing behind: ${title}`, async (t) => {
    const error = await t.throwsAsync(boot(t, makeFileSystem(t, grubCfg), config), {
      instanceOf: ToolstackError,
      message,
    });
    t.regex(error?.message ?? '', /^libxl: error: pygrub: [^\n]*$/);
    t.is(error?.exitStatus, 3);
  });
}

const withoutDisk: readonly [config: string, message: RegExp][] = [
  ['bootloader="pygrub"', /the guest has no disk to boot from$/],
  [
    'bootloader="/usr/lib/xen/bin/pygrub"\ndisk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]',
    /no file system of the kinds ext2/,
  ],
  ['bootloader="pvgrub"', /bootloader="pvgrub" is not there: kernel= names GRUB for that \(pvsim image build grub\)$/],
  ['bootloader="pypxeboot"', /bootloader="pypxeboot" is not there: pygrub is the one that is$/],
];

for (const [config, message] of withoutDisk) {
  test(`refused in one line: ${config.split('\n')[0]}`, async (t) => {
    const host = await TestHost.start();
    const error = await t.throwsAsync(host.create(`name="p"\ntype="pvh"\nmemory=16\n${config}`), {
      instanceOf: ToolstackError,
      message,
    });
    t.false(error?.message.includes('\n'));
    await host.close();
  });
}

test.after.always('no files of guests stay behind', (t) => {
  t.deepEqual(
    readdirSync(own).filter((name) => name.startsWith('pvsim-boot-')),
    [],
  );
});
