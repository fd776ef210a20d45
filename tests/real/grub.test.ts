import {execFileSync} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SHUTDOWN_poweroff, SHUTDOWN_reboot} from '../../hypervisor/abi/sched.ts';
import {X86Vcpu} from '../../hypervisor/vcpu/x86/index.ts';
import {grubGuest} from '../support/grub.ts';
import {TestHost} from '../support/host.ts';
import {realEnv, testWith} from '../support/real.ts';

/** What GRUB does: its own drivers, file system and digests say whether the disk is as it should be. */
const SCRIPT = `
if md5sum -c (memdisk)/sums -p (xen/xvda); then echo "verdict: good"; else echo "verdict: bad"; fi
hexdump -n 16 (xen/xvda)/text
set seen=4711
save_env -f (xen/xvda)/grubenv seen
halt
`;

const ENVIRONMENT = '# GRUB Environment Block\n'.padEnd(1024, '#');

const directory = mkdtempSync(join(tmpdir(), 'pv-grub-disk-'));
process.once('exit', () => rmSync(directory, {recursive: true, force: true}));
const at = (name: string): string => join(directory, name);

const files: Readonly<Record<string, Uint8Array>> = {
  text: Buffer.from('read by a kernel that nobody here wrote\n'),
  random: randomBytes(1_000_000),
};
mkdirSync(at('files'));
for (const [name, content] of Object.entries(files)) writeFileSync(join(at('files'), name), content);
writeFileSync(join(at('files'), 'grubenv'), ENVIRONMENT);
const md5 = (content: Uint8Array): string => createHash('md5').update(content).digest('hex');
const sums = Object.entries(files).map(([name, content]) => `${md5(content)}  /${name}\n`);
writeFileSync(at('sums'), sums.join(''));
writeFileSync(at('grub.cfg'), SCRIPT);

const grub = await grubGuest([at('grub.cfg'), at('sums')]);
const prompt = await grubGuest([]);
const missing = 'missing' in grub ? grub.missing : undefined;
const kernel = 'image' in grub ? grub.image.kernel : '';
const plainKernel = 'image' in prompt ? prompt.image.kernel : '';

const tool = (program: string, ...args: string[]): Buffer =>
  execFileSync(program, args, {env: realEnv, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26});

const makeDisk = (name: string): string => {
  tool('mke2fs', '-q', '-t', 'ext4', '-d', at('files'), at(name), '8M');
  return at(name);
};

/** Runs GRUB over a disk until it halts. */
const boot = async (disk: string) => {
  const host = await TestHost.start();
  const config = `type="pvh"\nkernel="${kernel}"\nmemory=32\ndisk=["${disk},raw,xvda,rw"]\non_poweroff="preserve"`;
  const domid = await host.create(`name="grub"\n${config}`);
  const reason = await host.host.waitShutdown(domid);
  const vcpu = host.host.xen.domain(domid)?.vcpus[0];
  if (!(vcpu instanceof X86Vcpu)) throw new Error('no vCPU');
  const counters = vcpu.counters();
  // GRUB sends no event for what it said last: dom0 takes it off the ring in the end.
  await host.host.destroy(domid);
  const text = host.consoleText(domid);
  await host.close();
  return {reason, text, counters};
};

testWith(missing, "GRUB's own drivers read the files of our disk, write to it, and halt", async (t) => {
  const disk = makeDisk('good.img');
  const {reason, text, counters} = await boot(disk);
  t.is(reason, SHUTDOWN_poweroff);
  t.regex(text, /verdict: good/);
  t.true(text.includes('00000000  72 65 61 64 20 62 79 20  61 20 6b 65 72 6e 65 6c'), text);
  t.deepEqual(
    [...counters.unknownHypercalls.keys()],
    ['20:3'],
    'only GNTTABOP_dump_table, which Xen does not have either',
  );
  t.regex(tool('debugfs', '-R', 'cat /grubenv', disk).toString(), /^seen=4711$/m, 'what it saved is in the image');
  t.regex(tool('e2fsck', '-fn', disk).toString(), /Pass 5/);
});

testWith(missing, 'GRUB finds the one byte of the disk that is not as it was', async (t) => {
  const disk = makeDisk('bad.img');
  const image = readFileSync(disk);
  const offset = image.indexOf(files.random.subarray(500_000, 500_064));
  t.true(offset > 0);
  image[offset] ^= 1;
  writeFileSync(disk, image);
  const seen = await boot(disk);
  const {reason, text} = seen;
  t.is(reason, SHUTDOWN_poweroff);
  t.regex(text, /\/text: OK/);
  t.regex(text, /verdict: bad/);
  writeFileSync(disk, image);
  t.deepEqual(await boot(disk), seen, 'the same disk again: the same to the instruction');
});

testWith(missing, 'GRUB without a script says that no disk boots, and takes commands at its prompt', async (t) => {
  const host = await TestHost.start();
  const disk = makeDisk('data.img');
  const lines = ['name="grub"', 'type="pvh"', `kernel="${plainKernel}"`, 'memory=16', `disk=["${disk},raw,xvdb,r"]`];
  const domid = await host.create(`${lines.join('\n')}\non_reboot="preserve"`);
  for (let tries = 0; tries < 20 && !host.consoleText(domid).includes('grub> '); tries++) await host.settle(2e8);
  t.regex(host.consoleText(domid), /no disk has a \/boot\/grub\/grub\.cfg/);
  t.regex(await host.shell(domid, 'ls (xen/xvdb)/'), /grubenv random text/);
  t.regex(await host.shell(domid, 'cat (xen/xvdb)/text'), /read by a kernel that nobody here wrote/);
  t.regex(
    await host.shell(domid, 'set x=1; save_env -f (xen/xvdb)/grubenv x'),
    /error: write failed/,
    'its disk is read-only',
  );
  await host.shell(domid, 'reboot');
  t.is(host.host.xen.domain(domid)?.shutdownReason, SHUTDOWN_reboot);
  await host.close();
});
