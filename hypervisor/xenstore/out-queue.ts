import {messageBytes, type XsMessage} from './wire.ts';
import type {PendingRequest} from './pending-request.ts';

/** A reply or an event on its way to a client. */
export interface Outgoing extends XsMessage {
  /** The unprivileged domain's request that it belongs to. */
  readonly cause: PendingRequest | undefined;
  readonly isEvent: boolean;
  /** An event that has not been taken by then is dropped; Infinity for none. */
  readonly deadlineNs: number;
  /** What is queued behind it: the queue's own. */
  next: Outgoing | undefined;
}

/** What a connection has yet to take, in order. */
export class OutQueue {
  private first: Outgoing | undefined;
  private last: Outgoing | undefined;
  private count = 0;
  private queuedBytes = 0;
  private readonly events = new Set<string>();

  get length(): number {
    return this.count;
  }

  get isEmpty(): boolean {
    return this.first === undefined;
  }

  get sizeBytes(): number {
    return this.queuedBytes;
  }

  /** An event with the same path and token waits already. */
  hasEvent(payload: string): boolean {
    return this.events.has(payload);
  }

  /** When the first event will be late; Infinity if none can be. A first message whose delivery has begun cannot. */
  firstDeadlineNs(hasBegun: boolean): number {
    for (const message of this.waiting()) {
      const isUnderWay = hasBegun && message === this.first;
      if (message.deadlineNs !== Infinity && !isUnderWay) return message.deadlineNs;
    }
    return Infinity;
  }

  peek(): Outgoing | undefined {
    return this.first;
  }

  /** What waits, in order. */
  *waiting(): Iterable<Outgoing> {
    for (let message = this.first; message !== undefined; message = message.next) yield message;
  }

  push(message: Outgoing): void {
    if (this.last === undefined) this.first = message;
    else this.last.next = message;
    this.last = message;
    this.count++;
    this.queuedBytes += messageBytes(message);
    if (message.isEvent) this.events.add(message.payload);
    else message.cause?.replyQueued();
  }

  /** Takes the first message, delivered or dropped. */
  shift(): Outgoing | undefined {
    const message = this.first;
    if (message !== undefined) this.remove(undefined, message);
    return message;
  }

  /** Drops the events that are late at `nowNs`. */
  dropLate(nowNs: number, hasBegun: boolean): void {
    let previous: Outgoing | undefined;
    for (let message = this.first; message !== undefined; message = message.next) {
      const isUnderWay = hasBegun && previous === undefined;
      if (message.deadlineNs <= nowNs && !isUnderWay) this.remove(previous, message);
      else previous = message;
    }
  }

  clear(): void {
    while (this.shift() !== undefined);
  }

  private remove(previous: Outgoing | undefined, message: Outgoing): void {
    if (previous === undefined) this.first = message.next;
    else previous.next = message.next;
    if (this.last === message) this.last = previous;
    this.count--;
    this.queuedBytes -= messageBytes(message);
    if (message.isEvent) {
      this.events.delete(message.payload);
      message.cause?.eventTaken();
    } else message.cause?.replyTaken();
  }
}
