import type {Abi} from '../abi/ctype.ts';
import {offsetsOf} from '../abi/layout.ts';
import {shared_info, vcpu_info} from '../abi/xen.ts';
import type {EventWords} from './event-words.ts';
import type {SharedInfo} from './shared-info.ts';

interface Shape {
  /** log2 of the bits of an xen_ulong: one selector bit covers that many ports. */
  longShift: number;
  pendingSelOffset: number;
  evtchnPendingOffset: number;
  evtchnMaskOffset: number;
}

const shapeOf = (abi: Abi): Shape => {
  const {evtchn_pending, evtchn_mask} = offsetsOf(shared_info, abi);
  return {
    longShift: abi === 'x86_64' ? 6 : 5,
    pendingSelOffset: offsetsOf(vcpu_info, abi).evtchn_pending_sel,
    evtchnPendingOffset: evtchn_pending,
    evtchnMaskOffset: evtchn_mask,
  };
};

const shapes: Record<Abi, Shape> = {x86_64: shapeOf('x86_64'), x86_32: shapeOf('x86_32')};

/** Pending and mask bits in shared_info, a selector a vCPU: what every domain starts with. */
export class TwoLevelEvents implements EventWords {
  /** Two levels of an xen_ulong each. @see event_channel.h, EVTCHN_2L_NR_CHANNELS */
  readonly maxPorts: number;
  private readonly info: SharedInfo;
  private readonly shape: Shape;

  constructor(info: SharedInfo) {
    this.info = info;
    this.shape = shapes[info.abi];
    this.maxPorts = 1 << (2 * this.shape.longShift);
  }

  isPending(port: number): boolean {
    return (this.info.memory.u32[this.pendingWord(port)] & (1 << (port & 31))) !== 0;
  }

  setPending(port: number): boolean {
    const {u32} = this.info.memory;
    const word = this.pendingWord(port);
    const old = u32[word];
    u32[word] = old | (1 << (port & 31));
    return (old & (1 << (port & 31))) === 0;
  }

  clearPending(port: number): void {
    this.info.memory.u32[this.pendingWord(port)] &= ~(1 << (port & 31));
  }

  isMasked(port: number): boolean {
    return (this.info.memory.u32[this.maskWord(port)] & (1 << (port & 31))) !== 0;
  }

  mask(port: number): void {
    this.info.memory.u32[this.maskWord(port)] |= 1 << (port & 31);
  }

  maskAll(): void {
    const first = this.maskWord(0);
    this.info.memory.u32.fill(0xffffffff, first, first + (this.maxPorts >>> 5));
  }

  clearMask(port: number): void {
    this.info.memory.u32[this.maskWord(port)] &= ~(1 << (port & 31));
  }

  raise(vcpu: number, port: number): boolean {
    const group = port >>> this.shape.longShift;
    this.info.memory.u32[this.selWord(vcpu) + (group >>> 5)] |= 1 << (group & 31);
    return this.info.markUpcall(vcpu);
  }

  takePending(vcpu: number, handle: (port: number) => void): number {
    const {u32} = this.info.memory;
    const wordsPerGroup = 1 << (this.shape.longShift - 5);
    let taken = 0;
    this.info.clearUpcall(vcpu);
    for (let selWord = 0; selWord < wordsPerGroup; selWord++) {
      const index = this.selWord(vcpu) + selWord;
      let sel = u32[index];
      u32[index] = 0;
      while (sel !== 0) {
        const group = selWord * 32 + 31 - Math.clz32(sel & -sel);
        sel &= sel - 1;
        for (let w = group * wordsPerGroup; w < (group + 1) * wordsPerGroup; w++) taken += this.takeWord(w, handle);
      }
    }
    return taken;
  }

  private takeWord(word: number, handle: (port: number) => void): number {
    const {u32} = this.info.memory;
    const first = this.pendingWord(word * 32);
    let bits = u32[first] & ~u32[this.maskWord(word * 32)];
    let taken = 0;
    while (bits !== 0) {
      const bit = bits & -bits;
      bits &= bits - 1;
      u32[first] &= ~bit;
      handle(word * 32 + 31 - Math.clz32(bit));
      taken++;
    }
    return taken;
  }

  private pendingWord(port: number): number {
    return ((this.info.base + this.shape.evtchnPendingOffset) >>> 2) + (port >>> 5);
  }

  private maskWord(port: number): number {
    return ((this.info.base + this.shape.evtchnMaskOffset) >>> 2) + (port >>> 5);
  }

  private selWord(vcpu: number): number {
    return (this.info.vcpuInfoOffset(vcpu) + this.shape.pendingSelOffset) >>> 2;
  }
}
