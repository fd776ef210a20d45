import {
  encodeMessage,
  MessageAssembler,
  Xenstored,
  type RingPage,
  type XenstoredOptions,
  type XsMessage,
} from '../../hypervisor/xenstore/index.ts';

/** @see xs_wire.h, struct xenstore_domain_interface; spelled out here to check the code's own numbers. */
export const RING = 1024;
export const RSP = 1024;
export const REQ_CONS = 2048;
export const REQ_PROD = 2052;
export const RSP_CONS = 2056;
export const RSP_PROD = 2060;
export const FEATURES = 2064;
export const CONNECTION = 2068;
export const ERROR = 2072;
export const ERROR_RINGIDX = 2;
export const ERROR_PROTO = 3;

/** Some page in the middle of a memory. */
export const PAGE = 3 * 4096;

/** A guest that writes its ring byte by byte, and not always well. */
export class RawGuest {
  readonly memory = new DataView(new ArrayBuffer(8 * 4096));
  readonly page: RingPage = {
    u8: new Uint8Array(this.memory.buffer),
    u32: new Uint32Array(this.memory.buffer),
    offset: PAGE,
  };
  readonly tasks: (() => void)[] = [];
  readonly store: Xenstored;
  readonly assembler = new MessageAssembler();
  notified = 0;
  closed = 0;
  onNotify: () => void = () => undefined;

  constructor(options: XenstoredOptions = {}) {
    this.store = new Xenstored({defer: (task) => void this.tasks.push(task), ...options});
    this.introduce();
  }

  introduce(): void {
    this.store.introduce(1, {
      page: this.page,
      notify: () => {
        this.notified++;
        this.onNotify();
      },
      close: () => void this.closed++,
    });
  }

  get(field: number): number {
    return this.memory.getUint32(PAGE + field, true);
  }

  set(field: number, value: number): void {
    this.memory.setUint32(PAGE + field, value, true);
  }

  /** Lets all four indexes start at `index`. */
  startAt(index: number): void {
    for (const field of [REQ_CONS, REQ_PROD, RSP_CONS, RSP_PROD]) this.set(field, index);
  }

  kick(): void {
    this.store.onEvent(1);
  }

  /** Puts bytes into the request ring; kicks and reads replies whenever it is full. */
  put(bytes: Uint8Array): void {
    for (const byte of bytes) {
      const prod = this.get(REQ_PROD);
      this.memory.setUint8(PAGE + (prod % RING), byte);
      this.set(REQ_PROD, prod + 1);
      if ((this.get(REQ_PROD) - this.get(REQ_CONS)) >>> 0 === RING) this.kick();
    }
  }

  /** Takes at most `limit` bytes of what is in the response ring. */
  take(limit = Infinity): XsMessage[] {
    const messages: XsMessage[] = [];
    for (let taken = 0; taken < limit && this.get(RSP_CONS) !== this.get(RSP_PROD); taken++) {
      const cons = this.get(RSP_CONS);
      const byte = this.memory.getUint8(PAGE + RSP + (cons % RING));
      this.set(RSP_CONS, cons + 1);
      this.assembler.feed(Uint8Array.of(byte), 0, 1);
      const message = this.assembler.take();
      if (message !== undefined) messages.push(message);
    }
    return messages;
  }

  ask(type: number, payload: string, reqId = 1, txId = 0): XsMessage[] {
    this.put(encodeMessage({type, reqId, txId, payload}));
    this.kick();
    return this.take();
  }
}
