import type {Domain, Gfn} from '../../hypervisor/index.ts';
import {PAGE_SIZE, PAGE_WORDS} from '../../hypervisor/memory/index.ts';
import {PFINFO_SHIFT, PFINFO_XTAB, REC_END, REC_PAGE_DATA, record, recordHeader} from './save-stream.ts';

/** Pages of one record, as many as libxc takes. */
const BATCH_PAGES = 1024;
const BATCH_HEADER_BYTES = 8;
const PFN_BYTES = 8;
const XTAB = PFINFO_XTAB << (PFINFO_SHIFT - 32);

/** After so many empty pages somebody else's turn has come. */
const PAUSE_PAGES = 1 << 14;
const NOTHING = new Uint8Array();

/**
 * A suspended domain's memory as records, some of them of no bytes; a record is good until the next is asked for. Empty
 * pages are left out: a restored domain begins with those. Frames that it gave back are named, and those that Xen lent it:
 * it has none of them when it comes back. @see libxc-migration-stream, PAGE_DATA
 */
export function* pageRecords(domain: Domain): Generator<Uint8Array> {
  const batch = new Batch();
  const {memory} = domain;
  const lent = lentFrames(domain);
  for (let gfn = 0; gfn < domain.sharedInfoGfn; gfn++) {
    if (lent.has(gfn) || !memory.isPopulated(gfn)) batch.addHole(gfn);
    else if (!isEmpty(memory.u32, gfn)) batch.addPage(gfn, memory.page(gfn as Gfn));
    if (batch.isFull) yield batch.take();
    else if (gfn % PAUSE_PAGES === 0) yield NOTHING;
  }
  if (!batch.isEmpty) yield batch.take();
}

/** A RAM disk's contents in the same form: blocks of a page's size, the empty ones left out, and an END behind them. */
export function* diskRecords(contents: Uint8Array): Generator<Uint8Array> {
  const batch = new Batch();
  const words = new Uint32Array(contents.buffer, contents.byteOffset, contents.length / 4);
  for (let block = 0; block * PAGE_SIZE < contents.length; block++) {
    if (isEmpty(words, block)) continue;
    batch.addPage(block, contents.subarray(block * PAGE_SIZE, (block + 1) * PAGE_SIZE));
    if (batch.isFull) yield batch.take();
  }
  if (!batch.isEmpty) yield batch.take();
  yield record(REC_END);
}

/** Frames of Xen's own that the guest had put into its memory: shared_info and the grant table. */
const lentFrames = ({sharedInfo, grants}: Domain): ReadonlySet<number> =>
  new Set([sharedInfo.base, ...grants.offsets, ...(grants.status?.offsets ?? [])].map((offset) => offset / PAGE_SIZE));

const isEmpty = (u32: Uint32Array, gfn: number): boolean => {
  const end = Math.min((gfn + 1) * PAGE_WORDS, u32.length);
  for (let i = gfn * PAGE_WORDS; i < end; i++) if (u32[i] !== 0) return false;
  return true;
};

/** One PAGE_DATA record in the making: room for the numbers of a full batch, then the pages. */
class Batch {
  private readonly pfns = new Uint32Array(BATCH_PAGES * 2);
  private readonly data = Buffer.allocUnsafe(BATCH_PAGES * PAGE_SIZE);
  private count = 0;
  private pages = 0;

  get isEmpty(): boolean {
    return this.count === 0;
  }

  get isFull(): boolean {
    return this.count === BATCH_PAGES;
  }

  addHole(gfn: number): void {
    this.add(gfn, XTAB);
  }

  /** A disk's last block may be shorter: zeroes follow. */
  addPage(gfn: number, page: Uint8Array): void {
    const at = this.pages++ * PAGE_SIZE;
    this.data.set(page, at);
    this.data.fill(0, at + page.length, at + PAGE_SIZE);
    this.add(gfn, 0);
  }

  take(): Uint8Array {
    const head = Buffer.alloc(BATCH_HEADER_BYTES);
    head.writeUInt32LE(this.count);
    const pfns = new Uint8Array(this.pfns.buffer, 0, this.count * PFN_BYTES);
    const data = this.data.subarray(0, this.pages * PAGE_SIZE);
    const bodyBytes = head.length + pfns.length + data.length;
    const whole = Buffer.concat([recordHeader(REC_PAGE_DATA, bodyBytes), head, pfns, data]);
    this.count = this.pages = 0;
    return whole;
  }

  private add(gfn: number, type: number): void {
    this.pfns[this.count * 2] = gfn;
    this.pfns[this.count * 2 + 1] = type;
    this.count++;
  }
}
