import {NETRXF_extra_info, NETRXF_more_data, XEN_NETIF_EXTRA_FLAG_MORE} from '../../../hypervisor/abi/io/netif.ts';
import type {RingMessages} from '../ring-watch.ts';
import type {RingView} from '../ring-view.ts';
import type {MakeMessages, MessageJudge} from './judge.ts';

const UNKNOWN = -1;

/** Buffers that a frontend offers, and the packets that come in them, slot by slot. @see netif.h, struct netif_rx_response */
class NetRxMessages implements RingMessages {
  private readonly view: RingView;
  private readonly judge: MessageJudge;
  /** Of the request in each slot. */
  private readonly ids: Int32Array;

  constructor(view: RingView, judge: MessageJudge) {
    this.view = view;
    this.judge = judge;
    this.ids = new Int32Array(view.entries).fill(UNKNOWN);
  }

  requests(from: number, to: number): void {
    const {view, ids} = this;
    for (let index = from; index !== to; index = (index + 1) >>> 0) {
      ids[index & (ids.length - 1)] = view.word(index, 0) & 0xffff;
      this.judge.offered(view.word(index, 1), true, 'a receive buffer');
    }
  }

  responses(from: number, to: number): void {
    let index = from;
    while (index !== to) index = this.packet(index, to);
  }

  lose(): void {
    this.ids.fill(UNKNOWN);
  }

  /** Reads one packet; returns where the next begins. */
  private packet(from: number, to: number): number {
    const {view} = this;
    let flags = view.word(from, 1) & 0xffff;
    let index = this.extras(this.slot(from), to, (flags & NETRXF_extra_info) !== 0);
    while ((flags & NETRXF_more_data) !== 0 && index !== to) {
      flags = view.word(index, 1) & 0xffff;
      index = this.slot(index);
    }
    if ((flags & NETRXF_more_data) !== 0) this.cutOff(from);
    return index;
  }

  private extras(from: number, to: number, areThere: boolean): number {
    let index = from;
    let isMore = areThere;
    while (isMore && index !== to) {
      isMore = ((this.view.word(index, 0) >>> 8) & XEN_NETIF_EXTRA_FLAG_MORE) !== 0;
      index = (index + 1) >>> 0;
    }
    if (isMore) this.cutOff(from);
    return index;
  }

  private slot(index: number): number {
    const expected = this.ids[index & (this.ids.length - 1)];
    const id = this.view.word(index, 0) & 0xffff;
    if (expected !== UNKNOWN && id !== expected)
      this.judge.report(
        'backend',
        'NETIF-RX-03',
        `answered id ${id} in slot ${index}`,
        `id ${expected}, of its request`,
      );
    return (index + 1) >>> 0;
  }

  private cutOff(from: number): void {
    const done = `published a packet from ${from} on without its end`;
    this.judge.report('backend', 'NETIF-RX-06', done, 'all slots of a packet by one step of rsp_prod');
  }
}

export const netRxMessages: MakeMessages = (view, _abi, judge) => new NetRxMessages(view, judge);
