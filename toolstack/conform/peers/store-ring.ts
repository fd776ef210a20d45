import type {StorePage} from '../iut/store.ts';

/** @see xs_wire.h, struct xenstore_domain_interface: bytes from the start of the page. */
export const STORE_PAGE = {
  rsp: 1024,
  reqCons: 2048,
  reqProd: 2052,
  rspCons: 2056,
  rspProd: 2060,
  features: 2064,
  connection: 2068,
  error: 2072,
} as const;

const RING_BYTES = 1024;
const HEADER_BYTES = 16;
const PAYLOAD_MAX = 4096;

/** A message in words and bytes. */
export interface WireMessage {
  readonly type: number;
  readonly reqId: number;
  readonly txId: number;
  readonly payload: string;
}

/** Type, req_id, tx_id, len, each u32 little endian, and the payload. `length` in place of the payload's own. */
export const wireBytes = ({type, reqId, txId, payload}: WireMessage, length = payload.length): Uint8Array => {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  [type, reqId, txId, length].forEach((word, i) => view.setUint32(4 * i, word, true));
  for (let i = 0; i < payload.length; i++) bytes[HEADER_BYTES + i] = payload.charCodeAt(i);
  return bytes;
};

/** A guest's end of a store page without a driver: any bytes, any indexes. */
export class StoreRingPeer {
  readonly page: StorePage;
  /** Bytes that were taken and not yet made a message. */
  readonly taken: number[] = [];
  private readonly settle: () => Promise<void>;
  private readonly note: (what: string) => void;

  constructor(page: StorePage, settle: () => Promise<void>, note: (what: string) => void) {
    this.page = page;
    this.settle = settle;
    this.note = note;
  }

  get(field: keyof typeof STORE_PAGE): number {
    return this.page.get(STORE_PAGE[field]);
  }

  set(field: keyof typeof STORE_PAGE, value: number): void {
    this.note(`sets ${field} to ${value >>> 0}`);
    this.page.set(STORE_PAGE[field], value >>> 0);
  }

  /** Puts what there is room for; says how much that was. */
  put(bytes: Uint8Array): number {
    const prod = this.get('reqProd');
    const count = Math.min(bytes.length, RING_BYTES - ((prod - this.get('reqCons')) >>> 0));
    for (let i = 0; i < count; i++) this.page.setByte(((prod + i) >>> 0) % RING_BYTES, bytes[i]);
    this.set('reqProd', prod + count);
    return count;
  }

  /** Lets the store know, and lets it act. */
  async kick(): Promise<void> {
    this.page.kick();
    await this.settle();
  }

  /** Takes the bytes that are there. */
  takeBytes(limit = RING_BYTES): number {
    const cons = this.get('rspCons');
    const count = Math.min((this.get('rspProd') - cons) >>> 0, limit, RING_BYTES);
    for (let i = 0; i < count; i++) this.taken.push(this.page.byte(STORE_PAGE.rsp + (((cons + i) >>> 0) % RING_BYTES)));
    if (count > 0) this.set('rspCons', cons + count);
    return count;
  }

  /** The messages that have come whole. */
  takeMessages(): WireMessage[] {
    const messages: WireMessage[] = [];
    this.takeBytes();
    for (;;) {
      const view = new DataView(Uint8Array.from(this.taken).buffer);
      const length = this.taken.length < HEADER_BYTES ? PAYLOAD_MAX : view.getUint32(12, true);
      if (this.taken.length < HEADER_BYTES + length) return messages;
      const [type, reqId, txId] = [0, 4, 8].map((at) => view.getUint32(at, true));
      const bytes = this.taken.splice(0, HEADER_BYTES + length).slice(HEADER_BYTES);
      messages.push({type, reqId, txId, payload: String.fromCharCode(...bytes)});
    }
  }

  /** Sends bytes of any number and takes what is answered, up to a full stop. */
  async exchange(bytes: Uint8Array): Promise<WireMessage[]> {
    const messages: WireMessage[] = [];
    for (let sent = 0, idle = 0; idle < 2;) {
      const put = this.put(bytes.subarray(sent));
      sent += put;
      await this.kick();
      const got = this.takeMessages();
      messages.push(...got);
      idle = put === 0 && got.length === 0 ? idle + 1 : 0;
    }
    return messages;
  }
}
