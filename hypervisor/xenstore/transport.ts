import type {XsMessage} from './wire.ts';

/** What a client does with what arrives. */
export interface XsReceiver {
  /** A reply or a watch event, in the order the store sent them. */
  onMessage(message: XsMessage): void;
  /** The far end is gone; nothing more arrives. */
  onClose(): void;
}

/** The client's end of a way to the store: in process, a domain's ring, a socket. */
export interface XsTransport {
  /** Queues a request. Never throws; a request to a closed transport is dropped. */
  send(message: XsMessage): void;
  /** Names the one receiver. Messages that arrive before are not kept. */
  receive(receiver: XsReceiver): void;
  close(): void;
}
