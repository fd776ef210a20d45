import {HVM_SAVE_ABI, hvm_hw_lapic} from '../../abi/arch-x86/hvm/save.ts';
import {offsetsOf} from '../../abi/layout.ts';
import * as state from './core-state.ts';
import type {SavedParts} from './snapshot.ts';

const lapic = offsetsOf(hvm_hw_lapic, HVM_SAVE_ABI);

/** IA32_APIC_BASE: the address, and bits for the boot CPU and for an APIC that is on. */
const APIC_BASE_BSP = 0xfee00000 | (1 << 8);
const APIC_BASE_ENABLE = 1 << 11;
const REGISTER_BYTES = 16;
const VERSION_OFFSET = 0x30;
/** What v86 answers. */
const VERSION = 0x50014;

/** Registers by their offset in the APIC's page, and the index of v86's u32. @see Intel SDM volume 3, "Local APIC" */
const registers: readonly (readonly [offset: number, index: number])[] = [
  [0x20, 0],
  [0x80, 13],
  [0xd0, 42],
  [0xe0, 41],
  [0xf0, 40],
  ...bank(0x100, 24),
  ...bank(0x180, 32),
  ...bank(0x200, 16),
  [0x280, 44],
  [0x300, 14],
  [0x310, 15],
  [0x320, 8],
  [0x330, 45],
  [0x340, 9],
  [0x350, 10],
  [0x360, 11],
  [0x370, 12],
  [0x380, 3],
  [0x3e0, 1],
];

/** The 256 bits of ISR, TMR or IRR. */
function bank(offset: number, index: number): [number, number][] {
  return Array.from({length: 8}, (_, word) => [offset + word * REGISTER_BYTES, index + word]);
}

export const saveApic = ({cpu, apic}: SavedParts, base: DataView, page: DataView): void => {
  const enabled = cpu.getUint8(state.APIC_ENABLED) !== 0;
  base.setUint32(lapic.apic_base_msr, (APIC_BASE_BSP | (enabled ? APIC_BASE_ENABLE : 0)) >>> 0, true);
  base.setUint32(lapic.timer_divisor, 1 << (apic.getUint32(TIMER_SHIFT, true) & 7), true);
  page.setUint32(VERSION_OFFSET, VERSION, true);
  for (const [offset, index] of registers) page.setUint32(offset, apic.getUint32(index * 4, true), true);
};

export const loadApic = (base: DataView, page: DataView, {cpu, apic}: Pick<SavedParts, 'cpu' | 'apic'>): void => {
  cpu.setUint8(state.APIC_ENABLED, (base.getUint32(lapic.apic_base_msr, true) & APIC_BASE_ENABLE) === 0 ? 0 : 1);
  const divisor = base.getUint32(lapic.timer_divisor, true);
  apic.setUint32(TIMER_SHIFT, divisor === 0 ? 0 : 31 - Math.clz32(divisor), true);
  for (const [offset, index] of registers) apic.setUint32(index * 4, page.getUint32(offset, true), true);
};

/** log2 of the timer's divisor. */
const TIMER_SHIFT = 2 * 4;
