import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import type {DomId} from '../../hypervisor/index.ts';
import {READY} from '../../toolstack/image/initramfs.ts';
import {pattern, tempDir} from '../support/block.ts';
import {debianGuest} from '../support/debian.ts';
import {ramdiskWith} from '../support/debian-programs.ts';
import {TestHost} from '../support/host.ts';
import {testWith} from '../support/real.ts';
import {tapRecords} from '../support/tap-records.ts';

const guest = await debianGuest();

const MIB = 1 << 20;

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

interface Machine {
  readonly host: TestHost;
  readonly directory: string;
  /** `vscsi` line of a guest that has a disk, a disc, a tape and a changer of two cartridges. */
  readonly vscsi: string;
}

const makeMachine = async (t: ExecutionContext): Promise<Machine> => {
  t.timeout(300_000);
  const directory = tempDir(t);
  const path = (name: string): string => join(directory, name);
  writeFileSync(path('disk.img'), pattern(4 * MIB));
  writeFileSync(path('disc.iso'), pattern(2 * MIB));
  mkdirSync(path('tapes'));
  for (const label of ['A00001', 'B00002']) writeFileSync(join(path('tapes'), `${label}.tap`), '');
  const host = await TestHost.start({seed: 5});
  t.teardown(() => host.close());
  const units = [`disk:${path('disk.img')}`, `cdrom:${path('disc.iso')}`, `tape:${path('one.tap')}`];
  const items = [...units, `changer:${path('tapes')}`].map((unit, target) => `"${unit}, 0:0:${target}:0"`);
  return {host, directory, vscsi: `vscsi = [${items.join(', ')}]`};
};

const bootLinux = async (machine: Machine, ramdisk?: Uint8Array): Promise<DomId> => {
  if ('missing' in guest) throw new Error(guest.missing);
  const {host, directory, vscsi} = machine;
  const {kernel, ramdisk: plain, config} = guest.image;
  const [cmdline] = /cmdline = "[^"]*"/.exec(readFileSync(config, 'utf8')) ?? [];
  writeFileSync(join(directory, 'initrd'), ramdisk ?? readFileSync(plain));
  const domid = await host.create(
    [
      'name = "linux"',
      'type = "pvh"',
      `kernel = "${kernel}"`,
      `ramdisk = "${directory}/initrd"`,
      cmdline,
      'memory = 128',
      vscsi,
      '',
    ].join('\n'),
  );
  for (let seconds = 0; seconds < 60 && !host.consoleText(domid).includes(READY); seconds++) await host.settle();
  return domid;
};

/** What commands print, which may take that long of the guest's time. */
const shellOf =
  ({host}: Machine, domid: DomId, seconds = 20) =>
  (command: string): Promise<string> =>
    host.shell(domid, command, seconds * 1e9);

const recordLengths = (path: string): number[] => tapRecords(path).map(({length}) => length);

testWith(
  'missing' in guest ? guest.missing : undefined,
  "Linux's xen-scsifront finds a disk, a disc, a tape and a changer; its sd, sr, st and ch use them",
  async (t) => {
    const machine = await makeMachine(t);
    const {directory} = machine;
    const [disk, disc, tape] = ['disk.img', 'disc.iso', 'one.tap'].map((name) => join(directory, name));
    const shell = shellOf(machine, await bootLinux(machine));
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
    t.deepEqual(recordLengths(tape), [32_768, 32_768, 32_768, 32_768, 0, 0]);
    t.regex(await shell("dmesg | grep -cE 'WARNING|BUG:|Oops|I/O error|Illegal Request'"), /^0$/m);
  },
);

/** The changer is behind the disk, the disc and the tape. */
const CHANGER = '/dev/sg3';

/** Commands of Debian's programs, and of the built-in guest, whose every line that matters has to be among Debian's. */
const questions: readonly [linux: string, own: string, matters: RegExp][] = [
  ['sg_inq /dev/sda', 'sg_inq /dev/sda', /identification|revision/],
  ['sg_inq /dev/sr0', 'sg_inq /dev/sr0', /identification|revision/],
  ['sg_inq /dev/nst0', 'sg_inq /dev/nst0', /identification|revision/],
  [`sg_inq ${CHANGER}`, 'sg_inq /dev/sch0', /identification|revision/],
  ['sg_readcap -l /dev/sda', 'sg_readcap /dev/sda', /=|size/],
  [`mtx -f ${CHANGER} status`, 'mtx status', /Element/],
];

testWith(
  'missing' in guest ? guest.missing : undefined,
  "Debian's sg_inq, sg_readcap and mtx in Linux find what those of our guest find, and move a cartridge",
  async (t) => {
    if ('missing' in guest) throw new Error(guest.missing);
    const machine = await makeMachine(t);
    const own = await machine.host.boot('own', machine.vscsi);
    const programs = await ramdiskWith(guest.image, {
      packages: ['sg3-utils', 'libsgutils2-1.46-2', 'mtx'],
      programs: ['usr/bin/sg_inq', 'usr/bin/sg_readcap', 'usr/sbin/mtx'],
      libraries: ['usr/lib/i386-linux-gnu/libsgutils2-1.46.so.2'],
    });
    const linux = shellOf(machine, await bootLinux(machine, programs));
    const linesOf = (text: string): string[] => text.split('\n').map((line) => line.trimEnd());
    const agree = async ([linuxAsks, ownAsks, matters]: (typeof questions)[number]): Promise<void> => {
      const told = linesOf(await linux(linuxAsks));
      const expected = linesOf(await machine.host.shell(own, ownAsks))
        .slice(1)
        .filter((line) => matters.test(line));
      t.true(expected.length >= 3, ownAsks);
      for (const line of expected) t.true(told.includes(line), `${linuxAsks}: "${line}" in\n${told.join('\n')}`);
    };
    for (const question of questions) await agree(question);

    t.regex(await linux(`mtx -f ${CHANGER} load 2 0`), /Loading media from Storage Element 2 into drive 0\.\.\.done/);
    const loaded = await linux(`mtx -f ${CHANGER} status`);
    t.regex(loaded, /^Data Transfer Element 0:Full \(Storage Element 2 Loaded\):VolumeTag = B00002 *$/m);
    await linux('dd if=/dev/sda of=/dev/nst1 bs=32k count=2; mt -f /dev/nst1 offline');
    await agree([`mtx -f ${CHANGER} status`, 'mtx status', /Element/]);
    await linux(`mtx -f ${CHANGER} unload 3 0; mtx -f ${CHANGER} transfer 1 17`);
    const moved = await linux(`mtx -f ${CHANGER} status`);
    t.regex(moved, /^ +Storage Element 3:Full :VolumeTag=B00002 *$/m);
    t.regex(moved, /^ +Storage Element 17 IMPORT\/EXPORT:Full :VolumeTag=A00001 *$/m);
    await agree([`mtx -f ${CHANGER} status`, 'mtx status', /Element/]);
    t.deepEqual(recordLengths(join(machine.directory, 'tapes', 'B00002.tap')), [32_768, 32_768, 0]);
  },
);

testWith(
  'missing' in guest ? guest.missing : undefined,
  'Linux goes on with its SCSI disk when it is saved and left running, and when it is saved and restored',
  async (t) => {
    const machine = await makeMachine(t);
    const {host, directory} = machine;
    const saved = join(directory, 'linux.save');
    const domid = await bootLinux(machine);
    const shell = shellOf(machine, domid, 1);
    await shell('dd if=/dev/sda of=/dev/nst0 bs=32k count=2');
    const round = 'dd if=/dev/sda bs=64k iflag=direct 2> /dev/null | md5sum >> /tmp/sums';
    await shell(`(until [ -e /tmp/enough ]; do ${round}; done; echo job $((1)) done) &`);
    const rounds = async (domid: DomId): Promise<number> =>
      Number(/^(\d+) \/tmp\/sums$/m.exec(await shellOf(machine, domid, 1)('wc -l /tmp/sums'))?.[1]);

    await host.host.save(domid, saved, {leave: 'running'});
    const before = await rounds(domid);
    t.true((await rounds(domid)) > before, 'left running');

    await host.host.save(domid, saved);
    const restored = await host.host.restore(saved);
    const after = await rounds(restored);
    t.true((await rounds(restored)) > after, 'restored');

    const again = shellOf(machine, restored);
    t.regex(await again('touch /tmp/enough'), /job 1 done/);
    t.regex(await again('sort -u /tmp/sums'), new RegExp(`^${md5(pattern(4 * MIB))} +-$`, 'm'));
    t.regex(await again('sort -u /tmp/sums | wc -l'), /^1$/m);
    t.regex(await again('mt -f /dev/nst0 tell'), /^At block 0$/m, 'the drive was off');
    t.regex(await again('dd if=/dev/nst0 bs=32k of=/dev/null 2>&1'), /^2\+0 records in$/m);
  },
);
