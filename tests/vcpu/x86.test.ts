import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {SHUTDOWN_crash, SHUTDOWN_poweroff, SHUTDOWN_reboot, SHUTDOWN_watchdog} from '../../hypervisor/abi/sched.ts';
import {TestHost} from '../support/host.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {CLI_HLT, CPUID, elfKernel, hypercall, LOOP_FOREVER, outb, sayAndShutDown, UD2} from '../support/tiny-kernel.ts';

const boot = async (host: TestHost, directory: string, code: number[], more = '') => {
  const path = join(directory, 'kernel');
  writeFileSync(path, elfKernel(code));
  return host.create(`name="tiny"\ntype="pvh"\nkernel="${path}"\nmemory=16\n${more}`);
};

const RESULT_AT = 0x100800;
/** mov [RESULT_AT], eax */
const STORE_EAX = [0xa3, 0x00, 0x08, 0x10, 0x00];
const preserved = 'on_poweroff="preserve"\non_reboot="preserve"\non_crash="preserve"\non_watchdog="preserve"';

test('a kernel speaks on the hypervisor console by VMCALL and shuts down for its reason', async (t) => {
  const host = await TestHost.start();
  const domid = await boot(
    host,
    temporaryDirectory(t),
    sayAndShutDown('hello from ring 0\n', SHUTDOWN_watchdog),
    preserved,
  );
  t.is(await host.host.waitShutdown(domid), SHUTDOWN_watchdog);
  t.true(host.host.dmesg().includes(`(XEN) d${domid}: hello from ring 0`), host.host.dmesg().join('\n'));
  await host.close();
});

const ends: readonly [title: string, code: number[], reason: number][] = [
  ['the sleep control register powers off', [...outb(0xb900, 0x34), ...LOOP_FOREVER], SHUTDOWN_poweroff],
  ['the reset register reboots', [...outb(0xb904, 1), ...LOOP_FOREVER], SHUTDOWN_reboot],
  ['HLT with interrupts off is a power-off, as in Xen', CLI_HLT, SHUTDOWN_poweroff],
  ['an exception without a handler is a crash of the domain', UD2, SHUTDOWN_crash],
];

for (const [title, code, reason] of ends) {
  test(title, async (t) => {
    const host = await TestHost.start();
    const domid = await boot(host, temporaryDirectory(t), code, preserved);
    t.is(await host.host.waitShutdown(domid), reason);
    await host.close();
  });
}

test('of a guest that crashed the hypervisor console tells where it stood, in a line', async (t) => {
  const host = await TestHost.start();
  const domid = await boot(host, temporaryDirectory(t), UD2, preserved);
  await host.host.waitShutdown(domid);
  t.regex(host.host.dmesg().at(-1) ?? '', new RegExp(`Domain ${domid} crashed: triple fault.* eip=0*10000[02] `));
  await host.close();
});

test('a guest that loops for ever takes its turn with the others and can be paused and destroyed', async (t) => {
  const host = await TestHost.start();
  const domid = await boot(host, temporaryDirectory(t), LOOP_FOREVER);
  const other = await host.boot('other');
  t.regex(await host.shell(other, 'uptime'), /up/);
  const busy = host.host.xen.domain(domid)?.cpuTimeNs ?? 0;
  t.true(busy > 1e8, `${busy} ns`);
  host.host.pause(domid);
  await host.settle();
  const paused = host.host.xen.domain(domid)?.cpuTimeNs;
  await host.settle();
  t.is(host.host.xen.domain(domid)?.cpuTimeNs, paused);
  host.host.unpause(domid);
  await host.settle();
  t.true((host.host.xen.domain(domid)?.cpuTimeNs ?? 0) > (paused ?? 0));
  await host.host.destroy(domid);
  t.is(host.host.xen.domain(domid), undefined);
  await host.close();
});

test('a hypercall that takes longer than a slice is made again until it is done', async (t) => {
  const host = await TestHost.start();
  const at = 0x200000;
  const count = 10_000;
  // Results of query_size lie where memory was zero: domain 0, of which a guest may not ask.
  const code = [...hypercall(20, 6, at, count), ...STORE_EAX, ...CLI_HLT];
  const domid = await boot(host, temporaryDirectory(t), code, preserved);
  await host.host.waitShutdown(domid);
  const domain = host.host.xen.domain(domid);
  const {u8} = domain?.memory ?? {u8: new Uint8Array()};
  const statuses = Array.from({length: count}, (_, i) => u8[at + i * 16 + 12]);
  t.true(statuses.every((status) => status === -8 + 256));
  t.is(u8[at + count * 16 + 12], 0);
  t.is(u8[RESULT_AT], 0, 'the result of the call');
  t.is(domain?.vcpus[0].counters().hypercalls.get(20), 3);
  await host.close();
});

test('a vCPU counts instructions, exits and hypercalls, those that do not exist too', async (t) => {
  const host = await TestHost.start();
  const code = [...hypercall(17, 0), ...hypercall(99, 5), ...hypercall(99, 5), ...CPUID, ...outb(0x80, 1), ...CLI_HLT];
  const domid = await boot(host, temporaryDirectory(t), code, preserved);
  await host.host.waitShutdown(domid);
  const counters = host.host.xen.domain(domid)?.vcpus[0].counters();
  t.deepEqual(counters, {
    instructions: 3 * 7 + 1 + 3 + 2,
    upcalls: 0,
    interrupts: 0,
    exits: {hypercall: 3, cpuid: 1, msr: 0, io: 1, mmio: 0, eoi: 0, halt: 1, slice: 0},
    hypercalls: new Map([[17, 1]]),
    unknownHypercalls: new Map([['99:5', 2]]),
  });
  await host.close();
});
