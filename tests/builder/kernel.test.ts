import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import test from 'ava';
import {SHUTDOWN_watchdog} from '../../hypervisor/abi/sched.ts';
import {ToolstackError} from '../../toolstack/errors.ts';
import {TestHost} from '../support/host.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {bzImage, elfKernel, LOOP_FOREVER, sayAndShutDown} from '../support/tiny-kernel.ts';

const XLF_KERNEL_64 = 1;
const elf = elfKernel(LOOP_FOREVER);

/** All but the first and the last bytes lost. */
const damaged = (packed: Buffer): Buffer => Buffer.from(packed).fill(0xff, 12, packed.length - 8);

interface Refusal {
  title: string;
  kernel: Uint8Array;
  config?: string;
  ramdiskBytes?: number;
  message: RegExp;
}

const refusals: readonly Refusal[] = [
  {title: 'text', kernel: Buffer.from('#!/bin/sh\n'), message: /no loader found: neither an ELF file nor a bzImage/},
  {title: 'an empty file', kernel: new Uint8Array(), message: /no loader found/},
  {title: 'a 64-bit ELF', kernel: elfKernel(LOOP_FOREVER, {elfClass: 2}), message: /a 64-bit kernel/},
  {title: 'a 64-bit bzImage', kernel: bzImage(elf, XLF_KERNEL_64), message: /a 64-bit kernel/},
  {title: 'another machine', kernel: elfKernel(LOOP_FOREVER, {machine: 40}), message: /not a kernel for x86/},
  {title: 'no PVH note', kernel: elfKernel(LOOP_FOREVER, {withNote: false}), message: /no PVH entry point.*CONFIG_PVH/},
  {title: 'a truncated ELF header', kernel: elf.subarray(0, 40), message: /truncated: the ELF header/},
  {title: 'truncated program headers', kernel: elf.subarray(0, 100), message: /truncated: the program headers/},
  {title: 'a truncated segment', kernel: elf.subarray(0, elf.length - 1), message: /truncated: a segment/},
  {title: 'a truncated bzImage', kernel: bzImage(elf).subarray(0, 1100), message: /truncated: the payload/},
  {title: 'a damaged payload', kernel: bzImage(damaged(gzipSync(elf))), message: /its gzip payload does not unpack/},
  {
    title: 'a kernel larger than memory',
    kernel: elfKernel(LOOP_FOREVER, {memoryBytes: 64 * 2 ** 20}),
    message: /memory=16 is too small: the kernel needs 66 MiB/,
  },
  {
    title: 'a ramdisk larger than memory',
    kernel: elf,
    ramdiskBytes: 20 * 2 ** 20,
    message: /memory=16 is too small: kernel and ramdisk \(20 MiB\) need 22 MiB/,
  },
  {title: 'a missing ramdisk', kernel: elf, config: 'ramdisk="nowhere"', message: /ramdisk .*nowhere: No such file/},
  {title: 'a ramdisk that is a directory', kernel: elf, config: 'ramdisk="/"', message: /ramdisk \/: Is a directory/},
  {title: 'a ramdisk that never ends', kernel: elf, config: 'ramdisk="/dev/zero"', message: /zero: not a regular file/},
  {
    title: 'an entry point outside',
    kernel: elfKernel(LOOP_FOREVER, {entry: 0x200000}),
    message: /entry point 0x200000 is in none of its segments/,
  },
  {title: 'a big-endian ELF', kernel: elfKernel(LOOP_FOREVER, {machine: 0x0300}), message: /not a kernel for x86/},
  {title: 'too little memory for anything', kernel: elf, config: 'memory=3', message: /needs 4 MiB at least/},
  {
    title: 'more memory than the CPU reaches',
    kernel: elf,
    config: 'memory=4096',
    message: /memory=4096: .* at most 2047/,
  },
  {title: 'two vCPUs', kernel: elf, config: 'vcpus=2', message: /vcpus=2: .* at most 1/},
  {title: 'a long command line', kernel: elf, config: `cmdline="${'x'.repeat(3600)}"`, message: /longer than 3583/},
];

for (const {title, kernel, config = '', ramdiskBytes, message} of refusals) {
  test(`refused in one line, with nothing left behind: ${title}`, async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, 'kernel');
    writeFileSync(path, kernel);
    const ramdisk = join(directory, 'ramdisk');
    if (ramdiskBytes !== undefined) writeFileSync(ramdisk, new Uint8Array(ramdiskBytes));
    const host = await TestHost.start();
    const more = ramdiskBytes === undefined ? config : `ramdisk="${ramdisk}"`;
    const error = await t.throwsAsync(host.create(`name="k"\ntype="pvh"\nkernel="${path}"\nmemory=16\n${more}`), {
      instanceOf: ToolstackError,
      message,
    });
    t.is(error?.exitStatus, 3);
    t.false(error?.message.includes('\n'));
    t.deepEqual(
      host.host.domains().map(({domid}) => domid),
      [0],
    );
    await host.close();
  });
}

const notFiles: readonly [title: string, path: string, message: RegExp][] = [
  ['a directory', '/tmp', /kernel \/tmp: Is a directory/],
  ['a device', '/dev/zero', /kernel \/dev\/zero: not a regular file/],
  ['a name below a file', '/dev/null/vmlinuz', /vmlinuz: Not a directory/],
];

for (const [title, path, message] of notFiles) {
  test(`refused as a kernel: ${title}`, async (t) => {
    const host = await TestHost.start();
    await t.throwsAsync(host.create(`name="k"\ntype="pvh"\nkernel="${path}"\nmemory=16`), {
      instanceOf: ToolstackError,
      message,
    });
    await host.close();
  });
}

const isRoot = process.getuid?.() === 0;

(isRoot ? test.skip : test)('refused as a kernel: a file that may not be read', async (t) => {
  const path = join(temporaryDirectory(t), 'kernel');
  writeFileSync(path, elf, {mode: 0});
  const host = await TestHost.start();
  const config = `name="k"\ntype="pvh"\nkernel="${path}"\nmemory=16`;
  await t.throwsAsync(host.create(config), {instanceOf: ToolstackError, message: /Permission denied/});
  await host.close();
});

/** Of `sayAndShutDown`: packed by the tools of Linux's build, each with the unpacked size behind it where that is the rule. */
const packings: readonly [title: string, pack: (elf: Uint8Array) => Uint8Array][] = [
  ['none', (file) => file],
  ['gzip', (file) => gzipSync(file)],
];

for (const [title, pack] of packings) {
  test(`a bzImage boots, payload packing: ${title}`, async (t) => {
    const path = join(temporaryDirectory(t), 'kernel');
    writeFileSync(path, bzImage(pack(elfKernel(sayAndShutDown('unpacked', SHUTDOWN_watchdog)))));
    const host = await TestHost.start();
    const domid = await host.create(`name="k"\ntype="pvh"\nkernel="${path}"\nmemory=16\non_watchdog="preserve"`);
    t.is(await host.host.waitShutdown(domid), SHUTDOWN_watchdog);
    await host.close();
  });
}
