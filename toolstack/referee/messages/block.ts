import {
  blkif_request,
  blkif_request_indirect,
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_INDIRECT,
  BLKIF_OP_READ,
  BLKIF_OP_RESERVED_1,
  BLKIF_OP_WRITE_BARRIER,
} from '../../../hypervisor/abi/io/blkif.ts';
import {offsetOf} from '../../../hypervisor/abi/layout.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {RingMessages} from '../ring-watch.ts';
import type {RingView} from '../ring-view.ts';
import type {MakeMessages, MessageJudge} from './judge.ts';
import {UnderWay} from './under-way.ts';

const SEGMENT_BYTES = 8;
const SEGMENTS_PER_PAGE = PAGE_SIZE / SEGMENT_BYTES;

/** Operations that a backend has to have offered, by the node that does. @see blkif.h, "Features" */
const optional: Readonly<Record<number, string | undefined>> = {
  [BLKIF_OP_WRITE_BARRIER]: 'feature-barrier',
  [BLKIF_OP_FLUSH_DISKCACHE]: 'feature-flush-cache',
  [BLKIF_OP_DISCARD]: 'feature-discard',
  [BLKIF_OP_INDIRECT]: 'feature-max-indirect-segments',
};

interface Words {
  readonly id: number;
  readonly segments: number;
  readonly indirectGrefs: number;
}

/** Requests name pages that the backend may use as they say; each is answered once. @see blkif.h */
class BlockMessages implements RingMessages {
  private readonly view: RingView;
  private readonly judge: MessageJudge;
  private readonly words: Words;
  private readonly underWay = new UnderWay();

  constructor(view: RingView, words: Words, judge: MessageJudge) {
    this.view = view;
    this.words = words;
    this.judge = judge;
  }

  requests(from: number, to: number): void {
    for (let index = from; index !== to; index = (index + 1) >>> 0) this.request(index);
  }

  responses(from: number, to: number): void {
    for (let index = from; index !== to; index = (index + 1) >>> 0) {
      const id = idOf(this.view, index, 0);
      if (this.underWay.take(id)) continue;
      this.judge.report('backend', 'BLKIF-REQ-01', `answered request ${id}, which waits for no answer`, 'one each');
    }
  }

  lose(): void {
    this.underWay.lose();
  }

  private request(index: number): void {
    const {view, judge, words} = this;
    const first = view.word(index, 0);
    const operation = first & 0xff;
    this.underWay.add(idOf(view, index, words.id));
    if (operation === BLKIF_OP_RESERVED_1)
      return judge.report('frontend', 'BLKIF-LAY-07', 'sent the reserved operation 4', 'operations 0 to 3, 5 and 6');
    const feature = optional[operation];
    const offered = feature === undefined ? 1 : judge.offers('backend', feature);
    if (offered === 0)
      judge.report('frontend', 'BLKIF-NEG-03', `sent operation ${operation}`, `only where ${feature} is offered`);
    if (operation === BLKIF_OP_INDIRECT) this.indirect(index, (first >>> 8) & 0xff, first >>> 16, offered);
    else if (operation < BLKIF_OP_RESERVED_1) this.direct(index, operation, (first >>> 8) & 0xff);
  }

  private direct(index: number, operation: number, segments: number): void {
    const {view, judge, words} = this;
    const isWritten = operation === BLKIF_OP_READ || this.isPersistent;
    for (let i = 0; i < Math.min(segments, BLKIF_MAX_SEGMENTS_PER_REQUEST); i++)
      judge.offered(view.word(index, words.segments + 2 * i), isWritten, 'a segment');
  }

  private indirect(index: number, operation: number, segments: number, offered: number): void {
    const {view, judge, words} = this;
    if (segments > offered) {
      const legal = `${offered} of feature-max-indirect-segments`;
      return judge.report('frontend', 'BLKIF-IND-05', `sent ${segments} indirect segments`, legal);
    }
    const {isPersistent} = this;
    const isWritten = operation === BLKIF_OP_READ || isPersistent;
    for (let page = 0; page * SEGMENTS_PER_PAGE < segments; page++) {
      const gfn = judge.offered(view.word(index, words.indirectGrefs + page), isPersistent, 'a page of segments');
      if (gfn < 0) continue;
      const count = Math.min(SEGMENTS_PER_PAGE, segments - page * SEGMENTS_PER_PAGE);
      for (let i = 0; i < count; i++) judge.offered(view.pageWord(gfn, 2 * i), isWritten, 'an indirect segment');
    }
  }

  /** Pages then stay mapped, for whatever may come. @see blkif.h, "feature-persistent" */
  private get isPersistent(): boolean {
    const {judge} = this;
    return judge.offers('frontend', 'feature-persistent') > 0 && judge.offers('backend', 'feature-persistent') > 0;
  }
}

/** A guest's own 64-bit number. Above 2^53 neighbours count as one. */
const idOf = (view: RingView, index: number, word: number): number =>
  view.word(index, word) + view.word(index, word + 1) * 2 ** 32;

export const blockMessages: MakeMessages = (view, abi, judge) =>
  new BlockMessages(
    view,
    {
      id: offsetOf(blkif_request, 'id', abi) / 4,
      segments: offsetOf(blkif_request, 'seg', abi) / 4,
      indirectGrefs: offsetOf(blkif_request_indirect, 'indirect_grefs', abi) / 4,
    },
    judge,
  );
