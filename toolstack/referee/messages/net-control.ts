import {XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING, XEN_NETIF_CTRLF_GREF_readonly} from '../../../hypervisor/abi/io/netif.ts';
import {PAGE_WORDS} from '../../../hypervisor/memory/index.ts';
import type {RingMessages} from '../ring-watch.ts';
import type {RingView} from '../ring-view.ts';
import {echoMessages} from './echo.ts';
import type {MakeMessages, MessageJudge} from './judge.ts';

/** struct xen_netif_gref: the reference; flags and status. */
const GREF_WORDS = 2;

/** Requests of the control ring. One kind hands over pages: those that are to stay mapped. @see netif.h, "Static Grants" */
class NetControlMessages implements RingMessages {
  private readonly view: RingView;
  private readonly judge: MessageJudge;
  private readonly answers: RingMessages;

  constructor(view: RingView, judge: MessageJudge, answers: RingMessages) {
    this.view = view;
    this.judge = judge;
    this.answers = answers;
  }

  requests(from: number, to: number): void {
    this.answers.requests(from, to);
    for (let index = from; index !== to; index = (index + 1) >>> 0)
      if (this.view.word(index, 0) >>> 16 === XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING) this.staticGrants(index);
  }

  responses(from: number, to: number): void {
    this.answers.responses(from, to);
  }

  lose(): void {
    this.answers.lose();
  }

  /** Its data: the queue, the reference of a list, and how many are in that. */
  private staticGrants(index: number): void {
    const {view, judge} = this;
    const gfn = judge.offered(view.word(index, 2), false, 'a list of grants');
    if (gfn < 0) return;
    const count = Math.min(view.word(index, 3), PAGE_WORDS / GREF_WORDS);
    for (let i = 0; i < count; i++) {
      const isReadonly = (view.pageWord(gfn, i * GREF_WORDS + 1) & XEN_NETIF_CTRLF_GREF_readonly) !== 0;
      judge.offered(view.pageWord(gfn, i * GREF_WORDS), !isReadonly, 'a static grant');
    }
  }
}

export const netControlMessages: MakeMessages = (view, abi, judge) =>
  new NetControlMessages(view, judge, echoMessages('NETIF-CTRL-01')(view, abi, judge));
