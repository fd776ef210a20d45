import test from 'ava';
import {contextFault, PVH_PROTOCOL, X86Core} from '../../hypervisor/vcpu/x86/index.ts';
import {loadContext, saveContext} from '../../hypervisor/vcpu/x86/snapshot.ts';
import {loadEngine} from '../../toolstack/builder/x86-engine.ts';

/** Offsets in v86's memory and in struct hvm_hw_cpu, both from their own sources: gcc's offsetof, v86's global_pointers.rs. */
const places: readonly (readonly [what: string, v86: number, hvm: number, bytes: number])[] = [
  ['eax', 64, 512, 4],
  ['ecx', 68, 528, 4],
  ['ebx', 76, 520, 4],
  ['esp', 80, 568, 4],
  ['edi', 92, 560, 4],
  ['eip', 556, 640, 4],
  ['cr0', 580, 656, 4],
  ['cr3', 592, 672, 4],
  ['cr4', 596, 680, 4],
  ['dr0', 684, 688, 4],
  ['dr7', 712, 728, 4],
  ['cs', 670, 736, 2],
  ['ds', 674, 740, 2],
  ['tr', 680, 760, 2],
  ['limit of cs', 772, 768, 4],
  ['idtr limit', 564, 800, 4],
  ['base of gs', 756, 840, 4],
  ['gdtr base', 576, 880, 4],
  ['sysenter_eip', 644, 936, 4],
  ['FPU control word', 1036, 0, 2],
  ['FPU opcode', 1044, 6, 2],
  ['mxcsr', 824, 24, 4],
  ['xmm0', 832, 160, 16],
  ['xmm7', 944, 272, 16],
];
const CPU_RECORD = 8 + 24 + 8;
const CPU_BYTES = 1032;
const STATE_BYTES = 4096;
const APIC_BYTES = 184;

/** A CPU in 32-bit protected mode whose other bytes are of a sequence. */
const someCpu = (seed: number) => {
  const cpu = new DataView(Uint8Array.from({length: STATE_BYTES}, (_, i) => (i * 31 + seed) & 0xff).buffer);
  const apic = new DataView(Uint8Array.from({length: APIC_BYTES}, (_, i) => (i * 17 + seed) & 0xff).buffer);
  cpu.setUint32(580, 0x80000011, true);
  cpu.setUint8(1032, seed & 7);
  cpu.setUint16(1040, 0x41, true);
  for (let segment = 0; segment < 8; segment++) {
    cpu.setUint8(724 + segment, segment === 4 ? 1 : 0);
    cpu.setUint8(512 + segment, segment === 1 ? 0x9b : 0x93);
  }
  for (const flag of [548, 800, 804, 808, 1128]) cpu.setUint8(flag, 1);
  apic.setUint32(8, 3, true);
  return {cpu, apic};
};

const save = (parts: ReturnType<typeof someCpu>, tsc = 0x1234_5678_9abc_def0n): Uint8Array =>
  saveContext({...parts, flags: 0x202, tsc});

test('registers stand where the header says', (t) => {
  const parts = someCpu(5);
  const context = save(parts);
  const record = context.subarray(CPU_RECORD, CPU_RECORD + CPU_BYTES);
  const bytes = new Uint8Array(parts.cpu.buffer);
  for (const [what, v86, hvm, length] of places) {
    t.deepEqual(record.slice(hvm, hvm + length), bytes.slice(v86, v86 + length), what);
  }
  const view = new DataView(record.buffer, record.byteOffset);
  t.is(view.getUint32(648, true), 0x202, 'rflags');
  t.is(view.getBigUint64(1008, true), 0x1234_5678_9abc_def0n, 'tsc');
  t.is(view.getUint32(1024, true), 1, 'XEN_X86_FPU_INITIALISED');
  t.is(view.getUint32(888, true) & 0xff, 0x9b, 'access byte of cs');
  t.is(view.getUint32(888 + 12, true), 0, 'a null segment is not present');
  t.is(view.getUint32(888 + 24, true), 0x8b, 'the task state segment is busy');
});

test('what was saved is loaded again, into another CPU', (t) => {
  for (let seed = 0; seed < 16; seed++) {
    const context = save(someCpu(seed));
    t.is(contextFault(context), undefined);
    const other = someCpu(seed + 100);
    t.is(loadContext(context, other), 0x1234_5678_9abc_def0n);
    t.is(other.cpu.getUint32(120, true), 0x202);
    t.is(other.cpu.getUint32(100, true), 0, 'no flag is left to compute');
    t.is(other.cpu.getUint8(616), 0, 'it is not halted');
    t.deepEqual(save(other), context, `seed ${seed}`);
  }
});

test('the stack of the FPU turns with its top', (t) => {
  const parts = someCpu(3);
  const record = save(parts).subarray(CPU_RECORD);
  const registers = new Uint8Array(parts.cpu.buffer, 1152, 128);
  t.is((new DataView(record.buffer, record.byteOffset).getUint16(2, true) >>> 11) & 7, 3);
  t.deepEqual(record.slice(32, 42), registers.slice(3 * 16, 3 * 16 + 10), 'st(0) is register 3');
  t.deepEqual(record.slice(32 + 5 * 16, 42 + 5 * 16), registers.slice(0, 10), 'st(5) is register 0');
});

/** The counter goes on at every look. */
const withoutTsc = (context: Uint8Array): Uint8Array => context.slice().fill(0, CPU_RECORD + 1008, CPU_RECORD + 1016);

test('an engine takes its own context back', async (t) => {
  const core = new X86Core(await loadEngine(), 64);
  core.connect({
    microtick: () => 5,
    checkTimer: () => undefined,
    randomU32: () => 0,
    hook: () => false,
    readPort: () => 0,
    writePort: () => undefined,
    readMemory: () => 0,
    writeMemory: () => undefined,
  });
  core.enterProtectedMode(0x1000, 0x2000, PVH_PROTOCOL);
  const context = core.saveContext();
  core.enterProtectedMode(0x3000, 0x4000, PVH_PROTOCOL);
  core.halt();
  core.loadContext(context);
  t.is(core.instructionPointer, 0x1000);
  t.is(core.registers[3], 0x2000);
  t.false(core.halted);
  t.deepEqual(withoutTsc(core.saveContext()), withoutTsc(context));
});

test('a context that lacks a record or has one of another size is refused', (t) => {
  const context = save(someCpu(1));
  const without = (typecode: number): Uint8Array => {
    const copy = context.slice();
    for (let at = 0; at < copy.length;) {
      const view = new DataView(copy.buffer, at);
      if (view.getUint16(0, true) === typecode) view.setUint16(0, 99, true);
      at += 8 + view.getUint32(4, true);
    }
    return copy;
  };
  t.is(contextFault(without(1)), 'it has no struct hvm_save_header');
  t.is(contextFault(without(2)), 'it has no struct hvm_hw_cpu');
  t.is(contextFault(without(5)), 'it has no struct hvm_hw_lapic');
  t.is(contextFault(without(6)), 'it has no struct hvm_hw_lapic_regs');
  t.is(contextFault(context.subarray(0, 500)), 'it has no struct hvm_hw_cpu');
  t.is(contextFault(new Uint8Array()), 'it has no struct hvm_save_header');
});
