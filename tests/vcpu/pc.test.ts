import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {TestHost} from '../support/host.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {bzImage, CLI_HLT, elfKernel, mov} from '../support/tiny-kernel.ts';

/** Of the platform device: a port that gives the same word at each read. */
const MAGIC_PORT = 0x10;
const MAGIC = 0x49d2;
const BUFFER = 0x200ff8;
const RESULT = 0x300000;
/** In the PCI hole, where nobody is. */
const NOBODY = 0xf8000000;

const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const REP_INSW = [0xf3, 0x66, 0x6d];
/** mov ax, [address]; mov [RESULT], eax */
const readWord = (address: number): number[] => [0x66, 0xa1, ...u32(address), 0xa3, ...u32(RESULT)];

const run = async (t: ExecutionContext, code: readonly number[]) => {
  const path = join(temporaryDirectory(t), 'kernel');
  writeFileSync(path, bzImage(elfKernel(code)));
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const domid = await host.create(`name="pc"\ntype="hvm"\nkernel="${path}"\nmemory=16\non_poweroff="preserve"`);
  await host.host.waitShutdown(domid);
  const domain = host.host.xen.domain(domid)!;
  return {memory: domain.memory, exits: domain.vcpus[0].counters().exits};
};

test('REP INS leaves the guest once a page', async (t) => {
  const code = [...mov({edi: BUFFER, ecx: 10, edx: MAGIC_PORT}), ...REP_INSW, ...CLI_HLT];
  const {memory, exits} = await run(t, code);
  t.is(exits.io, 2);
  const words = new Uint16Array(memory.u8.slice(BUFFER, BUFFER + 22).buffer);
  t.deepEqual([...words], [...Array.from({length: 10}, () => MAGIC), 0]);
});

test('a word at an address without memory is one access, and all ones where nobody answers', async (t) => {
  const {memory, exits} = await run(t, [...mov({eax: 0}), ...readWord(NOBODY), ...CLI_HLT]);
  t.is(exits.mmio, 1);
  t.is(memory.u32[RESULT >>> 2], 0xffff);
});

test('the PM1 control register powers an HVM guest off', async (t) => {
  // mov ax, SLP_EN; out dx, ax
  const code = [...mov({edx: 0xb004}), 0x66, 0xb8, 0x00, 0x20, 0x66, 0xef, ...CLI_HLT];
  const {exits} = await run(t, code);
  t.is(exits.io, 1);
});
