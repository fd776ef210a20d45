import {
  NETIF_RSP_NULL,
  NETTXF_extra_info,
  NETTXF_more_data,
  XEN_NETIF_EXTRA_FLAG_MORE,
} from '../../../hypervisor/abi/io/netif.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {RingMessages} from '../ring-watch.ts';
import type {RingView} from '../ring-view.ts';
import type {MakeMessages, MessageJudge} from './judge.ts';
import {UnderWay} from './under-way.ts';

/** A packet that a frontend sends: its slots are published together, and answered each. @see netif.h, struct netif_tx_request */
class NetTxMessages implements RingMessages {
  private readonly view: RingView;
  private readonly judge: MessageJudge;
  private readonly underWay = new UnderWay();
  private extrasUnderWay = 0;

  constructor(view: RingView, judge: MessageJudge) {
    this.view = view;
    this.judge = judge;
  }

  requests(from: number, to: number): void {
    let index = from;
    while (index !== to) index = this.packet(index, to);
  }

  responses(from: number, to: number): void {
    for (let index = from; index !== to; index = (index + 1) >>> 0) {
      const word = this.view.word(index, 0);
      const isExtra = word >> 16 === NETIF_RSP_NULL;
      if (isExtra ? this.takeExtra() : this.underWay.take(word & 0xffff)) continue;
      const what = isExtra
        ? 'an extra info more than there are'
        : `request ${word & 0xffff}, which waits for no answer`;
      this.judge.report('backend', 'NETIF-TX-12', `answered ${what}`, 'one response for each slot');
    }
  }

  lose(): void {
    this.underWay.lose();
    this.extrasUnderWay = Number.POSITIVE_INFINITY;
  }

  private takeExtra(): boolean {
    return this.extrasUnderWay-- > 0;
  }

  /** Reads one packet; returns where the next begins. */
  private packet(from: number, to: number): number {
    const {view} = this;
    let index = this.extras(from, to);
    let rest = 0;
    let flags = view.word(from, 1) >>> 16;
    while ((flags & NETTXF_more_data) !== 0 && index !== to) {
      flags = view.word(index, 1) >>> 16;
      rest += this.slot(index, view.word(index, 2) >>> 16);
      index = (index + 1) >>> 0;
    }
    // The first slot tells the size of the whole packet.
    this.slot(from, (view.word(from, 2) >>> 16) - rest);
    if ((flags & NETTXF_more_data) !== 0) this.cutOff(from);
    return index;
  }

  /** Passes over the extra infos behind a packet's first slot. */
  private extras(from: number, to: number): number {
    const {view} = this;
    let index = (from + 1) >>> 0;
    let isMore = ((view.word(from, 1) >>> 16) & NETTXF_extra_info) !== 0;
    while (isMore && index !== to) {
      isMore = ((view.word(index, 0) >>> 8) & XEN_NETIF_EXTRA_FLAG_MORE) !== 0;
      this.extrasUnderWay++;
      index = (index + 1) >>> 0;
    }
    if (isMore) this.cutOff(from);
    return index;
  }

  /** A slot with `size` bytes of its own. Returns that size. */
  private slot(index: number, size: number): number {
    const {view, judge, underWay} = this;
    const offset = view.word(index, 1) & 0xffff;
    const id = view.word(index, 2) & 0xffff;
    if (underWay.has(id))
      judge.report('frontend', 'NETIF-TX-14', `sent request ${id} twice`, 'ids that are not in use');
    underWay.add(id);
    if (offset + size > PAGE_SIZE)
      judge.report(
        'frontend',
        'NETIF-TX-03',
        `sent ${size} bytes from offset ${offset}`,
        'slots that end in their page',
      );
    else if (size > 0) judge.offered(view.word(index, 0), false, 'a packet');
    return size;
  }

  private cutOff(from: number): void {
    const done = `published a packet from ${from} on without its end`;
    this.judge.report('frontend', 'NETIF-TX-08', done, 'all slots of a packet by one step of req_prod');
  }
}

export const netTxMessages: MakeMessages = (view, _abi, judge) => new NetTxMessages(view, judge);
