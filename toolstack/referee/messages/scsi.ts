import type {RingMessages} from '../ring-watch.ts';
import type {RingView} from '../ring-view.ts';
import type {MakeMessages, MessageJudge} from './judge.ts';
import {UnderWay} from './under-way.ts';

/** Requests of a PV SCSI host: each is answered once, by its rqid. @see vscsiif.h */
class ScsiMessages implements RingMessages {
  private readonly view: RingView;
  private readonly judge: MessageJudge;
  private readonly underWay = new UnderWay();

  constructor(view: RingView, judge: MessageJudge) {
    this.view = view;
    this.judge = judge;
  }

  requests(from: number, to: number): void {
    for (let index = from; index !== to; index = (index + 1) >>> 0) this.underWay.add(this.rqid(index));
  }

  responses(from: number, to: number): void {
    for (let index = from; index !== to; index = (index + 1) >>> 0) {
      const rqid = this.rqid(index);
      if (this.underWay.take(rqid)) continue;
      this.judge.report('backend', 'VSCSI-REQ-01', `answered request ${rqid}, which waits for no answer`, 'one each');
    }
  }

  lose(): void {
    this.underWay.lose();
  }

  private rqid(index: number): number {
    return this.view.word(index, 0) & 0xffff;
  }
}

export const scsiMessages: MakeMessages = (view, _abi, judge) => new ScsiMessages(view, judge);
