import type {Abi} from '../../../hypervisor/abi/ctype.ts';
import type {XenbusRole} from '../../../hypervisor/xenbus/index.ts';
import type {RingMessages} from '../ring-watch.ts';
import type {RingView} from '../ring-view.ts';

/** What the rules of a protocol's messages may ask and tell. */
export interface MessageJudge {
  report(by: XenbusRole, clause: string, done: string, legal: string): void;
  /**
   * A message offers a page to the backend: its reference has to be live, and for writing if `writable`. Returns the frame,
   * or -1 when that is not so.
   */
  offered(ref: number, writable: boolean, what: string): number;
  /** The number in a node of that end; 0 when there is none. The highest that it had since the device was made. */
  offers(by: XenbusRole, key: string): number;
}

/** Makes the rules of one ring. */
export type MakeMessages = (view: RingView, abi: Abi, judge: MessageJudge) => RingMessages;
