import {createHash} from 'node:crypto';
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import type {DomId} from '../../hypervisor/index.ts';
import {MODE_DIRECTORY, MODE_FILE, newcArchive} from '../../toolstack/image/cpio.ts';
import {READY} from '../../toolstack/image/initramfs.ts';
import {withoutSignature} from '../../toolstack/image/modules.ts';
import {pattern, tempDir} from '../support/block.ts';
import {debianGuest} from '../support/debian.ts';
import {TestHost} from '../support/host.ts';
import {testWith} from '../support/real.ts';

const guest = await debianGuest();

const MIB = 1 << 20;

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** What SCSI needs of Linux's modules, each after those that it needs. */
const modules = [
  'crypto/crct10dif_common',
  'lib/crc-t10dif',
  'lib/crc64',
  'lib/crc64-rocksoft',
  'block/t10-pi',
  ...['scsi_common', 'scsi_mod', 'sd_mod', 'st', 'ch'].map((name) => `drivers/scsi/${name}`),
  'drivers/cdrom/cdrom',
  'drivers/scsi/sr_mod',
  'drivers/scsi/xen-scsifront',
];

/** The guest's initramfs with those modules behind it: Linux unpacks one archive after the other. */
const ramdiskWithScsi = (kernel: string, ramdisk: string): Uint8Array => {
  const tree = join(dirname(kernel), 'files/lib/modules');
  const [release] = readdirSync(tree);
  const entries = modules.map((path) => ({
    path: `scsi/${basename(path)}.ko`,
    mode: MODE_FILE,
    content: withoutSignature(readFileSync(join(tree, release, 'kernel', `${path}.ko`))),
  }));
  const directory = {path: 'scsi', mode: MODE_DIRECTORY, content: new Uint8Array(0)};
  return Buffer.concat([readFileSync(ramdisk), newcArchive([directory, ...entries])]);
};

const boot = async (host: TestHost, directory: string, units: readonly string[]): Promise<DomId> => {
  if ('missing' in guest) throw new Error(guest.missing);
  const {kernel, ramdisk, config} = guest.image;
  writeFileSync(join(directory, 'initrd'), ramdiskWithScsi(kernel, ramdisk));
  const [cmdline] = /cmdline = "[^"]*/.exec(readFileSync(config, 'utf8')) ?? [];
  const domid = await host.create(
    [
      'name = "linux"',
      'type = "pvh"',
      `kernel = "${kernel}"`,
      `ramdisk = "${directory}/initrd"`,
      `${cmdline}"`,
      'memory = 128',
      `vscsi = [${units.map((unit) => `"${unit}"`).join(', ')}]`,
      '',
    ].join('\n'),
  );
  for (let seconds = 0; seconds < 60 && !host.consoleText(domid).includes(READY); seconds++) await host.settle();
  return domid;
};

/** Lengths of a tape's records, 0 for a tape mark, by the format's description alone. */
const recordLengths = (bytes: Buffer): number[] => {
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at);
    lengths.push(length);
    at += length === 0 ? 4 : 8 + length + (length % 2);
  }
  return lengths;
};

testWith(
  'missing' in guest ? guest.missing : undefined,
  "Linux's xen-scsifront finds a disk, a disc, a tape and a changer; its sd, sr, st and ch use them",
  async (t) => {
    t.timeout(240_000);
    const directory = tempDir(t);
    const [disk, disc, tape, tapes] = ['disk.img', 'disc.iso', 'one.tap', 'tapes'].map((name) => join(directory, name));
    writeFileSync(disk, pattern(4 * MIB));
    writeFileSync(disc, pattern(2 * MIB));
    mkdirSync(tapes);
    for (const label of ['A00001', 'B00002']) writeFileSync(join(tapes, `${label}.tap`), '');
    const host = await TestHost.start({seed: 5});
    t.teardown(() => host.close());
    const domid = await boot(host, directory, [
      `disk:${disk}, 0:0:0:0`,
      `cdrom:${disc}, 0:0:1:0`,
      `tape:${tape}, 0:0:2:0`,
      `changer:${tapes}, 0:0:3:0`,
    ]);
    const shell = (command: string): Promise<string> => host.shell(domid, command, 20e9);
    const names = modules.map((path) => basename(path)).join(' ');
    await shell(`for m in ${names}; do insmod /scsi/$m.ko; done`);
    t.regex(await shell('ls /dev/sda /dev/sr0 /dev/nst0 /dev/sch0 | wc -l'), /^4$/m);
    const log = await shell('dmesg');
    for (const found of [
      /\[sda\] 8192 512-byte logical blocks/,
      /Write cache: enabled, read cache: enabled, supports DPO and FUA/,
      /\[sr0\] scsi3-mmc drive/,
      /Attached scsi tape st0/,
      /\[ch0\] type #2 \(st\): 0x400\+\d+ \[storage\]/,
      /\[ch0\] type #4 \(dt\): 0x100\+1 \[data transfer\]/,
    ]) {
      t.regex(log, found);
    }

    t.regex(await shell('dd if=/dev/sda of=/dev/sda bs=1M count=2 seek=2 conv=fsync; echo copied $?'), /^copied 0$/m);
    const copied = readFileSync(disk);
    t.true(copied.subarray(2 * MIB).equals(copied.subarray(0, 2 * MIB)));
    t.regex(await shell('blkdiscard -l 1048576 /dev/sda; echo discarded $?'), /^discarded 0$/m);
    t.true(readFileSync(disk).subarray(0, MIB).equals(Buffer.alloc(MIB)));

    t.true((await shell('md5sum /dev/sr0')).includes(md5(readFileSync(disc))));

    const write = 'dd if=/dev/sr0 of=/dev/nst0 bs=32k count=4; mt -f /dev/nst0 weof 1; mt -f /dev/nst0 tell';
    t.regex(await shell(write), /^At block 6$/m);
    const read = await shell('mt -f /dev/nst0 rewind; dd if=/dev/nst0 bs=32k | md5sum');
    t.true(read.includes(md5(readFileSync(disc).subarray(0, 4 * 32_768))));
    t.regex(await shell('mt -f /dev/nst0 seek 3; mt -f /dev/nst0 tell; mt -f /dev/nst0 offline'), /^At block 3$/m);
    t.deepEqual(recordLengths(readFileSync(tape)), [32_768, 32_768, 32_768, 32_768, 0, 0]);
    t.regex(await shell("dmesg | grep -cE 'WARNING|BUG:|Oops|I/O error|Illegal Request'"), /^0$/m);
  },
);
