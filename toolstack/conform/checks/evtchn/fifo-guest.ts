import type {Caller, HypervisorStand} from '../../stand/hypervisor.ts';
import {event_channel_op, EVTCHNOP, FIFO} from './numbers.ts';

const PAGE_WORDS = 1024;
const DEFAULT_PRIORITY = 7;

/** What a kernel has of the FIFO ABI: a page with control blocks, and the event array. */
export class FifoGuest {
  readonly controlGfn: number;
  private readonly pages: number[] = [];
  private readonly stand: HypervisorStand;
  private readonly caller: Caller;

  constructor(stand: HypervisorStand, caller: Caller) {
    this.stand = stand;
    this.caller = caller;
    this.controlGfn = this.page();
  }

  /** A page, free and clear. */
  page(): number {
    const gfn = this.caller.ops.pages.alloc();
    if (gfn === undefined) return this.stand.inconclusive('no page is free');
    this.caller.memory.page(gfn).fill(0);
    return gfn;
  }

  init(vcpu = 0, offset = vcpu * 128, gfn = this.controlGfn): {result: number; linkBits: number} {
    const struct = [gfn, 0, offset, vcpu, 0, 0];
    const {result, words} = this.stand.call(this.caller, event_channel_op, EVTCHNOP.init_control, struct);
    return {result, linkBits: words[4] & 0xff};
  }

  /** One more page of words, masked as a kernel has them. */
  expand(gfn = this.page()): number {
    this.caller.memory.u32.fill(FIFO.MASKED, gfn * PAGE_WORDS, (gfn + 1) * PAGE_WORDS);
    const {result} = this.stand.call(this.caller, event_channel_op, EVTCHNOP.expand_array, [gfn, 0]);
    if (result === 0) this.pages.push(gfn);
    return result;
  }

  word(port: number): number {
    return this.caller.memory.u32[this.at(port)];
  }

  setWord(port: number, value: number): void {
    this.caller.memory.u32[this.at(port)] = value;
  }

  /** A priority's bit of `ready`, and its queue's head. */
  queue(vcpu: number, priority = DEFAULT_PRIORITY): {ready: boolean; head: number} {
    const first = this.controlGfn * PAGE_WORDS + vcpu * 32;
    const {u32} = this.caller.memory;
    return {ready: (u32[first] & (1 << priority)) !== 0, head: u32[first + 2 + priority]};
  }

  /** As a kernel's upcall does first. */
  clearReady(vcpu: number): void {
    this.caller.memory.u32[this.controlGfn * PAGE_WORDS + vcpu * 32] = 0;
  }

  scribbleControl(value: number): void {
    this.caller.memory.u32.fill(value, this.controlGfn * PAGE_WORDS, this.controlGfn * PAGE_WORDS + 18);
  }

  private at(port: number): number {
    return this.pages[Math.floor(port / PAGE_WORDS)] * PAGE_WORDS + (port % PAGE_WORDS);
  }
}
