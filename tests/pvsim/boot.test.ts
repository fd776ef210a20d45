import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {PVSIM, run} from '../support/run.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {bzImage, elfKernel, hypercall, LOOP_FOREVER, outb, UD2} from '../support/tiny-kernel.ts';

test('pvsim boot --explain says what the builder sees and does', async (t) => {
  const dir = temporaryDirectory(t);
  writeFileSync(join(dir, 'kernel'), elfKernel(LOOP_FOREVER, {memoryBytes: 0x2000}));
  writeFileSync(join(dir, 'initrd'), new Uint8Array(5000));
  writeFileSync(join(dir, 'k.cfg'), 'name="k"\nkernel="kernel"\nramdisk="initrd"\nmemory=16\ncmdline="quiet"\n');
  const {stdout, stderr, status} = await run(PVSIM, ['boot', '--explain', 'kernel', 'k.cfg'], {}, dir);
  t.is(stderr, '');
  t.is(status, 0);
  t.deepEqual(stdout.split('\n'), [
    'kernel: a 32-bit x86 kernel for PVH',
    "Xen's ELF notes:",
    '  XEN_ELFNOTE_PHYS32_ENTRY           0x00100000',
    'Segments, by physical address:',
    '  0x00100000..0x00101fff  1 KiB of the file, then zeros',
    'Ramdisk: 0x00fee000..0x00fef387',
    'Command line: quiet',
    'Memory map:',
    '  0x00000000..0x0009ffff  RAM',
    '  0x000a0000..0x000fffff  reserved',
    '  0x00100000..0x00feffff  RAM',
    '  0x00ff0000..0x00ff1fff  reserved',
    '  0x00ff8000..0x00ffffff  reserved',
    'Rings: xenstore in frame 0x00000ff0, console in frame 0x00000ff1',
    'ACPI tables:',
    '  RSD PTR 0x00ff8000..0x00ff8023',
    '  DSDT    0x00ff8040..0x00ff8070',
    '  FACP    0x00ff8080..0x00ff8193',
    '  APIC    0x00ff81c0..0x00ff81f3',
    '  XSDT    0x00ff8200..0x00ff8233',
    'hvm_start_info at 0x00006000:',
    '  magic          0x336ec578',
    '  version        0x00000001',
    '  flags          0x00000000',
    '  nr_modules     0x00000001',
    '  modlist_paddr  0x00006040',
    '  cmdline_paddr  0x00006200',
    '  rsdp_paddr     0x00ff8000',
    '  memmap_paddr   0x00006080',
    '  memmap_entries 0x00000005',
    'Entry: eip 0x00100000, ebx 0x00006000 (hvm_start_info), 32-bit protected mode, no paging',
    '',
  ]);
});

test('pvsim boot --explain of an HVM guest says what its loader sets', async (t) => {
  const dir = temporaryDirectory(t);
  writeFileSync(join(dir, 'kernel'), bzImage(elfKernel(LOOP_FOREVER, {memoryBytes: 0x2000})));
  writeFileSync(join(dir, 'initrd'), new Uint8Array(5000));
  const config = ['name="k"', 'type="hvm"', 'kernel="kernel"', 'ramdisk="initrd"', 'memory=16', 'serial="pty"', ''];
  writeFileSync(join(dir, 'k.cfg'), config.join('\n'));
  const {stdout, stderr} = await run(PVSIM, ['boot', '--explain', 'kernel', 'k.cfg'], {}, dir);
  t.is(stderr, '');
  t.regex(stdout, /^kernel: a 32-bit x86 Linux for HVM\n/);
  t.regex(stdout, /^ {2}RSD PTR 0x000f0000\.\./m);
  t.true(
    stdout.endsWith(`boot_params at 0x00006000:
  acpi_rsdp_addr 0x000f0000
  e820_entries   0x00000005
  type_of_loader 0x000000ff
  ramdisk_image  0x00fee000
  ramdisk_size   0x00001388
  cmd_line_ptr   0x00007000
Entry: eip 0x00100000, esi 0x00006000 (boot_params), 32-bit protected mode, no paging
`),
    stdout,
  );
  writeFileSync(join(dir, 'elf'), elfKernel(LOOP_FOREVER));
  const refused = await run(PVSIM, ['boot', '--explain', 'elf', 'k.cfg'], {}, dir);
  t.regex(refused.stderr, /^libxl: error: kernel \S+\/elf: no bzImage: an HVM guest boots a Linux kernel directly\n$/);
});

test('pvsim boot --explain refuses what cannot be booted in a line', async (t) => {
  const dir = temporaryDirectory(t);
  writeFileSync(join(dir, 'kernel'), elfKernel(LOOP_FOREVER, {elfClass: 2}));
  const refused = await run(PVSIM, ['boot', '--explain', 'kernel'], {}, dir);
  t.regex(refused.stderr, /^libxl: error: kernel \S+\/kernel: a 64-bit kernel: [^\n]*\n$/);
  t.is(refused.status, 3);
  t.deepEqual(await run(PVSIM, ['boot', '--explain', 'nowhere'], {}, dir), {
    stdout: '',
    stderr: 'pvsim: nowhere: No such file or directory\n',
    status: 1,
  });
});

const explainAndRun = async (t: ExecutionContext, code: readonly number[]): Promise<string> => {
  const dir = temporaryDirectory(t);
  writeFileSync(join(dir, 'kernel'), elfKernel(code));
  const {stdout, stderr, status} = await run(PVSIM, ['boot', '--explain', 'kernel', '--run', '1'], {}, dir);
  t.is(stderr, '');
  t.is(status, 0);
  return stdout.slice(stdout.indexOf('Booted: '));
};

test('pvsim boot --explain --run tells where a kernel died', async (t) => {
  const said = Array.from('stage 1\n').flatMap((character) => outb(0xe9, character.charCodeAt(0)));
  const text = await explainAndRun(t, [...said, ...hypercall(34, 9, 0xdead0000), ...hypercall(17, 0), ...UD2]);
  t.regex(text, /^Booted: after \S+ s of its time and \d+ instructions it ended: crash$/m);
  t.regex(text, /^ {2}eip=001000\w\w eax=00040011 /m);
  t.true(text.includes('last hypercalls: hvm_op(9, 0xdead0000) = -ENOSYS; xen_version(0, 0x0) = 262161'), text);
  t.regex(text, /^The hypervisor's console:\n {2}\(XEN\) d1: stage 1$/m);
});

test('pvsim boot --explain --run tells where a kernel loops', async (t) => {
  const text = await explainAndRun(t, LOOP_FOREVER);
  t.regex(text, /^Booted: after 1\.00 s of its time and \d{6,} instructions it has not ended$/m);
  t.regex(text, /^ {2}eip=00100000 /m);
  t.regex(text, /^ {2}code at eip: eb fe(?: 00){14}$/m);
});
