import type {Caller} from '../../stand/hypervisor.ts';

const PAGE_WORDS = 1024;
/** vcpu_info has 64 bytes, with evtchn_upcall_pending and _mask in the first two. @see xen.h */
const VCPU_INFO_WORDS = 16;
const EVTCHN_PENDING_WORD = 512;

/** Where an x86_64 guest finds its events: shared_info as words. */
export class SharedInfoPage {
  private readonly caller: Caller;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  isPending(port: number): boolean {
    return this.bit(EVTCHN_PENDING_WORD, port);
  }

  isMasked(port: number): boolean {
    return this.bit(EVTCHN_PENDING_WORD + 128, port);
  }

  /** Bits of evtchn_pending_sel that are set: each stands for 64 ports. */
  selected(vcpu: number): number[] {
    const first = vcpu * VCPU_INFO_WORDS + 2;
    return Array.from({length: 64}, (_, i) => i).filter((i) => this.bit(first, i));
  }

  upcallPending(vcpu: number): boolean {
    return (this.word(vcpu * VCPU_INFO_WORDS) & 0xff) !== 0;
  }

  /** What a PV kernel does to be left alone. */
  maskUpcalls(vcpu: number, isMasked: boolean): void {
    this.setFlag(vcpu, 1, isMasked);
  }

  /** What a kernel does first in its upcall. */
  clearUpcall(vcpu: number): void {
    this.setFlag(vcpu, 0, false);
  }

  private setFlag(vcpu: number, byte: number, value: boolean): void {
    const {domain, memory} = this.caller;
    memory.u8[(domain.sharedInfoGfn * PAGE_WORDS + vcpu * VCPU_INFO_WORDS) * 4 + byte] = value ? 1 : 0;
  }

  private bit(firstWord: number, index: number): boolean {
    return (this.word(firstWord + (index >>> 5)) & (1 << (index & 31))) !== 0;
  }

  private word(index: number): number {
    const {domain, memory} = this.caller;
    return memory.u32[domain.sharedInfoGfn * PAGE_WORDS + index];
  }
}
