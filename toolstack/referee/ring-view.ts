import type {Abi} from '../../hypervisor/abi/ctype.ts';
import {type RingTypes, ringEntries, ringGeometry, SRING_OFFSETS} from '../../hypervisor/abi/io/ring.ts';
import {type DomainMemory, PAGE_SIZE, PAGE_WORDS} from '../../hypervisor/memory/index.ts';

const REQ_PROD = SRING_OFFSETS.req_prod / 4;
const REQ_EVENT = SRING_OFFSETS.req_event / 4;
const RSP_PROD = SRING_OFFSETS.rsp_prod / 4;
const RSP_EVENT = SRING_OFFSETS.rsp_event / 4;

/** A shared ring as a third party sees it: reads only, of the guest's memory wherever that is by now. */
export class RingView {
  readonly entries: number;
  private readonly memory: DomainMemory;
  private readonly gfns: readonly number[];
  private readonly head: number;
  private readonly firstWord: number;
  private readonly entryWords: number;

  /** `gfns`: the ring's pages, one at least. */
  constructor(types: RingTypes, abi: Abi, memory: DomainMemory, gfns: readonly number[]) {
    const {entryBytes, ringOffset} = ringGeometry(types, abi);
    this.memory = memory;
    this.gfns = gfns;
    this.head = gfns[0] * PAGE_WORDS;
    this.entries = ringEntries(gfns.length * PAGE_SIZE, ringOffset, entryBytes);
    this.firstWord = ringOffset / 4;
    this.entryWords = entryBytes / 4;
  }

  get reqProd(): number {
    return this.memory.u32[this.head + REQ_PROD];
  }

  get reqEvent(): number {
    return this.memory.u32[this.head + REQ_EVENT];
  }

  get rspProd(): number {
    return this.memory.u32[this.head + RSP_PROD];
  }

  get rspEvent(): number {
    return this.memory.u32[this.head + RSP_EVENT];
  }

  /** Word `i` of the slot of an index. */
  word(index: number, i: number): number {
    const at = this.firstWord + (index & (this.entries - 1)) * this.entryWords + i;
    return this.memory.u32[this.gfns[at >>> 10] * PAGE_WORDS + (at & (PAGE_WORDS - 1))];
  }

  /** A word of another page of the guest's. */
  pageWord(gfn: number, i: number): number {
    return this.memory.u32[gfn * PAGE_WORDS + i];
  }
}
