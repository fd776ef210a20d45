import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {TestHost} from '../support/host.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {elfKernel, hypercall, LOAD_ADDRESS, mov} from '../support/tiny-kernel.ts';

const VECTOR = 0xf3;
const SELF = 0x7ff0;
const memory_op = 12;
const sched_op = 29;
const event_channel_op = 32;
const hvm_op = 34;

/** Free memory, far behind the code. */
const IDT = 0x110000;
const SHARED_INFO = 0x120000;
const STACK = 0x140000;
/** Code and data lie in one segment: data from here on. */
const DATA = LOAD_ADDRESS + 0x400;
const HYPERCALL_PAGE = 0x130000;

const bytes32 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
const store = (address: number, value: number): number[] => [0xc7, 0x05, ...bytes32(address), ...bytes32(value)];
const increment = (address: number): number[] => [0xff, 0x05, ...bytes32(address)];
const loadTable = (opcode: number, address: number): number[] => [0x0f, 0x01, opcode, ...bytes32(address)];
const STI = 0xfb;
const IRET = 0xcf;

const gdtr = DATA;
const idtr = DATA + 8;
const gdt = DATA + 16;
const mapping = DATA + 40;
const delivery = DATA + 56;
const port = DATA + 72;
const count = DATA + 80;

/** The domain's own view of which port is pending is cleared, so that the next event raises an upcall again. */
const clearPending = [SHARED_INFO, SHARED_INFO + 4, SHARED_INFO + 0x800].flatMap((address) => store(address, 0));
const endOfInterrupt = store(0xfee000b0, 0);

interface Delivery {
  /** Commands and struct of the hypercall that asks for upcalls by a vector. */
  readonly command: number;
  readonly words: readonly number[];
  readonly acknowledge: boolean;
}

const callback: Delivery = {command: 0, words: [SELF, 0, VECTOR, 2 << 24], acknowledge: false};
const upcallVector: Delivery = {command: 23, words: [0, VECTOR], acknowledge: true};

/** Sends itself four events, and shuts down with the number of upcalls as its reason. */
const kernel = ({command, words, acknowledge}: Delivery): number[] => {
  const handler = [...increment(count), ...clearPending, ...(acknowledge ? endOfInterrupt : []), IRET];
  const send = hypercall(event_channel_op, 4, port + 4);
  const main = (handlerAt: number): number[] => [
    0xbc,
    ...bytes32(STACK),
    ...loadTable(0x15, gdtr),
    ...loadTable(0x1d, idtr),
    ...store(IDT + VECTOR * 8, (8 << 16) | (handlerAt & 0xffff)),
    ...store(IDT + VECTOR * 8 + 4, ((handlerAt & 0xffff0000) | 0x8e00) >>> 0),
    ...hypercall(memory_op, 7, mapping),
    ...hypercall(hvm_op, command, delivery),
    ...hypercall(event_channel_op, 7, port),
    STI,
    ...[send, send, send, send].flat(),
    ...hypercall(sched_op, 2, count),
  ];
  const code = [...main(LOAD_ADDRESS + main(0).length), ...handler];
  const data = new Uint8Array(88);
  const view = new DataView(data.buffer);
  const put = (address: number, values: readonly number[]): void => {
    for (const [i, value] of values.entries()) view.setUint32(address - DATA + i * 4, value, true);
  };
  view.setUint16(0, 23, true);
  view.setUint32(2, gdt, true);
  view.setUint16(8, 0x7ff, true);
  view.setUint32(10, IDT, true);
  put(gdt, [0, 0, 0x0000ffff, 0x00cf9a00, 0x0000ffff, 0x00cf9200]);
  put(mapping, [SELF, 0, 0, SHARED_INFO >>> 12]);
  put(delivery, words);
  return [...code, ...Array.from({length: DATA - LOAD_ADDRESS - code.length}, () => 0), ...data];
};

const cases: readonly [title: string, delivery: Delivery, upcalls: number][] = [
  ['HVM_PARAM_CALLBACK_IRQ by vector interrupts for each event, and nobody acknowledges it', callback, 4],
  ['HVMOP_set_evtchn_upcall_vector interrupts by the local APIC, which is told its end', upcallVector, 4],
  ['the local APIC holds back what was not told its end', {...upcallVector, acknowledge: false}, 1],
];

const shutdownReason = async (directory: string, code: readonly number[]): Promise<number | undefined> => {
  const path = join(directory, 'kernel');
  writeFileSync(path, elfKernel(code));
  const host = await TestHost.start();
  const actions = ['poweroff', 'reboot', 'crash', 'watchdog'].map((event) => `on_${event}="preserve"`).join('\n');
  const domid = await host.create(`name="tiny"\ntype="pvh"\nkernel="${path}"\nmemory=16\n${actions}`);
  const reason = await host.host.waitShutdown(domid);
  await host.close();
  return reason;
};

for (const [title, delivery_, upcalls] of cases) {
  test(title, async (t) => {
    t.is(await shutdownReason(temporaryDirectory(t), kernel(delivery_)), upcalls);
  });
}

test('entry n of a hypercall page calls hypercall n', async (t) => {
  const wrmsr = [...mov({ecx: 0x40000000, eax: HYPERCALL_PAGE, edx: 0}), 0x0f, 0x30];
  const call = [...mov({eax: HYPERCALL_PAGE + sched_op * 32}), 0xff, 0xd0];
  const reason = DATA;
  const code = [0xbc, ...bytes32(STACK), ...wrmsr, ...mov({ebx: 2, ecx: reason}), ...call];
  const padding = Array.from({length: DATA - LOAD_ADDRESS - code.length}, () => 0);
  t.is(await shutdownReason(temporaryDirectory(t), [...code, ...padding, ...bytes32(4)]), 4);
});
