import type {RingMessages} from '../ring-watch.ts';
import type {RingView} from '../ring-view.ts';
import type {MakeMessages, MessageJudge} from './judge.ts';
import {UnderWay} from './under-way.ts';

/** Requests that begin with a number of 16 bits: each is answered once, by that number. */
class EchoMessages implements RingMessages {
  private readonly view: RingView;
  private readonly judge: MessageJudge;
  private readonly clause: string;
  private readonly underWay = new UnderWay();

  constructor(view: RingView, judge: MessageJudge, clause: string) {
    this.view = view;
    this.judge = judge;
    this.clause = clause;
  }

  requests(from: number, to: number): void {
    for (let index = from; index !== to; index = (index + 1) >>> 0) this.underWay.add(this.id(index));
  }

  responses(from: number, to: number): void {
    for (let index = from; index !== to; index = (index + 1) >>> 0) {
      const id = this.id(index);
      if (this.underWay.take(id)) continue;
      this.judge.report('backend', this.clause, `answered request ${id}, which waits for no answer`, 'one each');
    }
  }

  lose(): void {
    this.underWay.lose();
  }

  private id(index: number): number {
    return this.view.word(index, 0) & 0xffff;
  }
}

/** `clause`: the one that wants it so. */
export const echoMessages =
  (clause: string): MakeMessages =>
  (view, _abi, judge) =>
    new EchoMessages(view, judge, clause);
