import type {Abi} from '../abi/ctype.ts';
import {offsetsOf, sizeOf} from '../abi/layout.ts';
import {XEN_LEGACY_MAX_VCPUS} from '../abi/arch-x86/xen.ts';
import {shared_info, vcpu_info} from '../abi/xen.ts';
import type {DomainMemory} from '../memory/index.ts';

interface SharedInfoShape {
  /** log2 of the bits of an xen_ulong: one selector bit covers that many ports. */
  longShift: number;
  pendingSelOffset: number;
  evtchnPendingOffset: number;
  evtchnMaskOffset: number;
  maxPorts: number;
}

/** Two levels of an xen_ulong each. @see event_channel.h, EVTCHN_2L_NR_CHANNELS */
const shapeOf = (abi: Abi): SharedInfoShape => {
  const longShift = abi === 'x86_64' ? 6 : 5;
  const {evtchn_pending, evtchn_mask} = offsetsOf(shared_info, abi);
  return {
    longShift,
    pendingSelOffset: offsetsOf(vcpu_info, abi).evtchn_pending_sel,
    evtchnPendingOffset: evtchn_pending,
    evtchnMaskOffset: evtchn_mask,
    maxPorts: 1 << (2 * longShift),
  };
};

const shapes: Record<Abi, SharedInfoShape> = {x86_64: shapeOf('x86_64'), x86_32: shapeOf('x86_32')};

/** The same on both: a cache line. */
export const VCPU_INFO_SIZE = sizeOf(vcpu_info, 'x86_64');
/** vCPUs whose vcpu_info lies inside shared_info. */
export const LEGACY_MAX_VCPUS = XEN_LEGACY_MAX_VCPUS;

/** The 2-level event words of one domain, in its own memory, where the guest reads and writes them too. */
export class SharedInfo {
  readonly abi: Abi;
  readonly maxPorts: number;
  private readonly memory: DomainMemory;
  private readonly shape: SharedInfoShape;
  private pendingWord = 0;
  private maskWord = 0;
  /** Byte offset of each vCPU's vcpu_info; VCPUOP_register_vcpu_info may move one. */
  private readonly vcpuInfo: number[] = [];

  constructor(memory: DomainMemory, abi: Abi, byteOffset: number) {
    this.memory = memory;
    this.abi = abi;
    this.shape = shapes[abi];
    this.maxPorts = this.shape.maxPorts;
    this.move(byteOffset);
  }

  /** The page now lies at `byteOffset` of the domain's memory. */
  move(byteOffset: number): void {
    this.pendingWord = (byteOffset + this.shape.evtchnPendingOffset) >>> 2;
    this.maskWord = (byteOffset + this.shape.evtchnMaskOffset) >>> 2;
    for (let v = 0; v < LEGACY_MAX_VCPUS; v++) this.vcpuInfo[v] = byteOffset + v * VCPU_INFO_SIZE;
  }

  moveVcpuInfo(vcpu: number, byteOffset: number): void {
    this.vcpuInfo[vcpu] = byteOffset;
  }

  isPending(port: number): boolean {
    return (this.memory.u32[this.pendingWord + (port >>> 5)] & (1 << (port & 31))) !== 0;
  }

  /** Sets the pending bit; false when it was set already. */
  setPending(port: number): boolean {
    const word = this.pendingWord + (port >>> 5);
    const bit = 1 << (port & 31);
    const old = this.memory.u32[word];
    this.memory.u32[word] = old | bit;
    return (old & bit) === 0;
  }

  clearPending(port: number): void {
    this.memory.u32[this.pendingWord + (port >>> 5)] &= ~(1 << (port & 31));
  }

  isMasked(port: number): boolean {
    return (this.memory.u32[this.maskWord + (port >>> 5)] & (1 << (port & 31))) !== 0;
  }

  mask(port: number): void {
    this.memory.u32[this.maskWord + (port >>> 5)] |= 1 << (port & 31);
  }

  clearMask(port: number): void {
    this.memory.u32[this.maskWord + (port >>> 5)] &= ~(1 << (port & 31));
  }

  maskAll(): void {
    this.memory.u32.fill(0xffffffff, this.maskWord, this.maskWord + (this.maxPorts >>> 5));
  }

  /** Sets the port's selector bit and evtchn_upcall_pending; true when the vCPU has to be told now. */
  raise(vcpu: number, port: number): boolean {
    const info = this.vcpuInfo[vcpu];
    const group = port >>> this.shape.longShift;
    this.memory.u32[((info + this.shape.pendingSelOffset) >>> 2) + (group >>> 5)] |= 1 << (group & 31);
    const wasPending = this.memory.u8[info] !== 0;
    this.memory.u8[info] = 1;
    return !wasPending && this.memory.u8[info + 1] === 0;
  }

  upcallPending(vcpu: number): boolean {
    return this.memory.u8[this.vcpuInfo[vcpu]] !== 0;
  }

  /**
   * What a guest's upcall does: clears evtchn_upcall_pending, takes the selector, clears the pending bit of each port
   * that is not masked and hands the port over. Returns the number of ports.
   */
  takePending(vcpu: number, handle: (port: number) => void): number {
    const info = this.vcpuInfo[vcpu];
    const wordsPerGroup = 1 << (this.shape.longShift - 5);
    let taken = 0;
    this.memory.u8[info] = 0;
    for (let selWord = 0; selWord < wordsPerGroup; selWord++) {
      const selIndex = ((info + this.shape.pendingSelOffset) >>> 2) + selWord;
      let sel = this.memory.u32[selIndex];
      this.memory.u32[selIndex] = 0;
      while (sel !== 0) {
        const group = selWord * 32 + 31 - Math.clz32(sel & -sel);
        sel &= sel - 1;
        for (let w = group * wordsPerGroup; w < (group + 1) * wordsPerGroup; w++) taken += this.takeWord(w, handle);
      }
    }
    return taken;
  }

  private takeWord(word: number, handle: (port: number) => void): number {
    const {u32} = this.memory;
    let bits = u32[this.pendingWord + word] & ~u32[this.maskWord + word];
    let taken = 0;
    while (bits !== 0) {
      const bit = bits & -bits;
      bits &= bits - 1;
      u32[this.pendingWord + word] &= ~bit;
      handle(word * 32 + 31 - Math.clz32(bit));
      taken++;
    }
    return taken;
  }
}
