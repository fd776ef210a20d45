import {XS_HEADER_BYTES, type XsMessage} from './wire.ts';
import type {PendingRequest} from './pending-request.ts';

/** A reply or an event on its way to a client. */
export interface Outgoing extends XsMessage {
  /** The unprivileged domain's request that it belongs to. */
  readonly cause: PendingRequest | undefined;
  readonly isEvent: boolean;
}

/** What a connection has yet to take, in order. */
export class OutQueue {
  private messages: Outgoing[] = [];
  private head = 0;
  private queuedBytes = 0;
  private readonly events = new Set<string>();

  get length(): number {
    return this.messages.length - this.head;
  }

  get isEmpty(): boolean {
    return this.head === this.messages.length;
  }

  get sizeBytes(): number {
    return this.queuedBytes;
  }

  /** An event with the same path and token waits already. */
  hasEvent(payload: string): boolean {
    return this.events.has(payload);
  }

  peek(): Outgoing | undefined {
    return this.messages[this.head];
  }

  /** What waits, in order. */
  waiting(): readonly Outgoing[] {
    return this.messages.slice(this.head);
  }

  push(message: Outgoing): void {
    this.messages.push(message);
    this.queuedBytes += XS_HEADER_BYTES + message.payload.length;
    if (message.isEvent) this.events.add(message.payload);
    else message.cause?.replyQueued();
  }

  /** Takes the first message, delivered or dropped. */
  shift(): Outgoing | undefined {
    const message = this.messages[this.head];
    if (message === undefined) return undefined;
    this.forgetHead();
    this.queuedBytes -= XS_HEADER_BYTES + message.payload.length;
    if (message.isEvent) {
      this.events.delete(message.payload);
      message.cause?.eventTaken();
    } else message.cause?.replyTaken();
    return message;
  }

  clear(): void {
    while (this.shift() !== undefined);
  }

  private forgetHead(): void {
    this.head++;
    // Moving the rest is paid for by the half that has been taken.
    if (this.head * 2 < this.messages.length) return;
    this.messages = this.messages.slice(this.head);
    this.head = 0;
  }
}
