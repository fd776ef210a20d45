import {XS, type XsMessage, type XsTransport} from '../../../hypervisor/xenstore/index.ts';

/** What came back for a request; `error` is the errno's name. */
export interface StoreReply {
  readonly message: XsMessage;
  readonly error: string | undefined;
  /** Strings of the payload, a final NUL apart. */
  readonly strings: readonly string[];
}

/** A client of the store without a library: any message, in any order. Waiting is the stand's. */
export class StoreClient {
  /** Watch events, as they came: path and token. */
  readonly events: {path: string; token: string; message: XsMessage}[] = [];
  /** Replies that nobody waits for any more. */
  readonly replies: XsMessage[] = [];
  /** The store has closed the connection. */
  closed = false;
  private readonly transport: XsTransport;
  private readonly waiting = new Map<number, (message: XsMessage) => void>();
  private readonly note: (what: string) => void;
  private lastReqId = 0;

  constructor(transport: XsTransport, note: (what: string) => void) {
    this.transport = transport;
    this.note = note;
    transport.receive({
      onMessage: (message) => this.onMessage(message),
      onClose: () => {
        this.closed = true;
        note('is disconnected');
      },
    });
  }

  /** Sends a message as it is. */
  send(message: XsMessage): void {
    this.note(`sends type ${message.type}, req_id ${message.reqId}, tx_id ${message.txId}: ${show(message.payload)}`);
    this.transport.send(message);
  }

  /** A request with an id of its own, and its reply. */
  request(type: number, payload: string, txId = 0): Promise<StoreReply> {
    const reqId = ++this.lastReqId;
    return new Promise((resolve) => {
      this.waiting.set(reqId, (message) => {
        const strings = message.payload.replace(/\0$/, '').split('\0');
        resolve({message, strings, error: message.type === XS.ERROR ? strings[0] : undefined});
      });
      this.send({type, reqId, txId, payload});
    });
  }

  close(): void {
    this.transport.close();
  }

  private onMessage(message: XsMessage): void {
    if (message.type === XS.WATCH_EVENT) {
      const [path, token] = message.payload.split('\0');
      this.note(`gets an event: ${path} ${token}`);
      this.events.push({path, token, message});
      return;
    }
    this.note(`gets type ${message.type}, req_id ${message.reqId}: ${show(message.payload)}`);
    const resolve = this.waiting.get(message.reqId);
    this.waiting.delete(message.reqId);
    if (resolve === undefined) this.replies.push(message);
    else resolve(message);
  }
}

const show = (payload: string): string => JSON.stringify(payload.slice(0, 80));
