import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {TestHost} from '../support/host.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {CLI_HLT, elfKernel, hypercall, LOAD_ADDRESS} from '../support/tiny-kernel.ts';

const SELF = 0x7ff0;
const grant_table_op = 20;
const GNTTABOP_copy = 5;

const PAGE = 0x1000;
const ROUTINE = LOAD_ADDRESS + PAGE;
const OTHER_ROUTINE = LOAD_ADDRESS + 2 * PAGE;
const COPY = LOAD_ADDRESS + 3 * PAGE;
const COUNT = LOAD_ADDRESS + 3 * PAGE + 0x100;
const STACK = 0x140000;
/** Enough for the engine to compile it. */
const TIMES = 300_000;

const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const at = (address: number, bytes: readonly number[]): [number, readonly number[]] => [address - LOAD_ADDRESS, bytes];

const RET = 0xc3;
const increment = [0xff, 0x05, ...u32(COUNT), RET];
const decrement = [0xff, 0x0d, ...u32(COUNT), RET];

/** mov esi, times; again: call; dec esi; jnz again. `from`: where it lies. */
const callTimes = (times: number, from: number): number[] => {
  const call = [0xe8, ...u32(ROUTINE - (from + 5 + 5))];
  return [0xbe, ...u32(times), ...call, 0x4e, 0x75, 0xf8];
};

test('code that others wrote over is compiled anew', async (t) => {
  const stack = [0xbc, ...u32(STACK)];
  const first = callTimes(TIMES, LOAD_ADDRESS + stack.length);
  const copy = hypercall(grant_table_op, GNTTABOP_copy, COPY, 1);
  const head = [...stack, ...first, ...copy];
  const code = [...head, ...callTimes(10, LOAD_ADDRESS + head.length), ...CLI_HLT];
  // By frame numbers: both gmfn, own domain, no flags.
  const operation = [OTHER_ROUTINE, ROUTINE].flatMap((address) => [
    ...u32(address / PAGE),
    SELF & 0xff,
    SELF >>> 8,
    0,
    0,
  ]);
  const image = new Uint8Array(4 * PAGE);
  const parts = [
    at(LOAD_ADDRESS, code),
    at(ROUTINE, increment),
    at(OTHER_ROUTINE, decrement),
    at(COPY, [...operation, 0x00, 0x01, 0, 0, 0, 0]),
  ];
  for (const [offset, bytes] of parts) image.set(bytes, offset);
  const path = join(temporaryDirectory(t), 'kernel');
  writeFileSync(path, elfKernel([...image]));
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const domid = await host.create(`name="tiny"\ntype="pvh"\nkernel="${path}"\nmemory=16\non_poweroff="preserve"`);
  await host.host.waitShutdown(domid);
  const {u32: words} = host.host.xen.domain(domid)!.memory;
  t.is(words[COUNT >>> 2], TIMES - 10);
});
