import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {Gfn} from '../../../hypervisor/ids.ts';
import type {GrantedPage} from './block-frontend.ts';
import {NetControlPeer} from './net-control.ts';
import {
  type ExtraInfo,
  packExtra,
  packRxRequest,
  packTxRequest,
  RX_SLOT_BYTES,
  type RxResponse,
  rxResponseAt,
  TX_SLOT_BYTES,
  type TxRequest,
  type TxResponse,
  txResponseAt,
} from './net-slots.ts';
import {needsNotify, SharedRingPage} from './shared-ring-page.ts';

const PAGE_BYTES = 4096;

export interface NetPeerOptions {
  /** Index at which the rings start. */
  start?: number;
  /** An event channel for each direction. */
  split?: boolean;
  /** With a control ring. */
  control?: boolean;
}

/** A receive response and the ring index at which it lies. */
export interface TakenRxResponse extends RxResponse {
  readonly index: number;
  /** The same 8 bytes, for a slot that is an extra info. */
  readonly slot: DataView;
  /** The page of the request that was in this slot. */
  readonly page: GrantedPage | undefined;
}

/** A network frontend without a driver: any bytes on both rings, in any order. */
export class NetFrontendPeer {
  readonly tx: SharedRingPage;
  readonly rx: SharedRingPage;
  readonly txGfn: Gfn;
  readonly rxGfn: Gfn;
  readonly txRef: number;
  readonly rxRef: number;
  readonly txPort: number;
  readonly rxPort: number;
  readonly control: NetControlPeer | undefined;
  /** Next request to fill, next response to take, of each ring. */
  txProd: number;
  txCons: number;
  rxProd: number;
  rxCons: number;
  txEvents = 0;
  rxEvents = 0;
  private readonly ops: HypervisorOps;
  private readonly note: (what: string) => void;
  private readonly isSplit: boolean;
  /** By slot of the receive ring. */
  private readonly posted: (GrantedPage | undefined)[] = [];

  constructor(ops: HypervisorOps, note: (what: string) => void, options: NetPeerOptions = {}) {
    const {start = 0, split = false, control = false} = options;
    this.ops = ops;
    this.note = note;
    this.isSplit = split;
    this.txGfn = this.frame();
    this.rxGfn = this.frame();
    this.tx = new SharedRingPage(ops.memory, () => this.txGfn * PAGE_BYTES, TX_SLOT_BYTES);
    this.rx = new SharedRingPage(ops.memory, () => this.rxGfn * PAGE_BYTES, RX_SLOT_BYTES);
    this.tx.init(start);
    this.rx.init(start);
    this.txProd = start;
    this.txCons = start;
    this.rxProd = start;
    this.rxCons = start;
    this.txRef = ops.grantor.grantAccess(0, this.txGfn, false);
    this.rxRef = ops.grantor.grantAccess(0, this.rxGfn, false);
    this.txPort = this.listen(() => this.txEvents++);
    this.rxPort = split ? this.listen(() => this.rxEvents++) : this.txPort;
    this.control = control ? new NetControlPeer(ops, this.frame(), note) : undefined;
  }

  /** What it writes of its rings into its directory, or into that of one queue. */
  get ringNodes(): Record<string, string> {
    const ports: Record<string, string> = this.isSplit
      ? {'event-channel-tx': String(this.txPort), 'event-channel-rx': String(this.rxPort)}
      : {'event-channel': String(this.txPort)};
    return {'tx-ring-ref': String(this.txRef), 'rx-ring-ref': String(this.rxRef), ...ports};
  }

  /** What it writes besides. */
  get featureNodes(): Record<string, string> {
    return {'request-rx-copy': '1', 'feature-rx-notify': '1', 'feature-sg': '1', ...this.control?.nodes};
  }

  /** A fresh page, granted to the backend. */
  page({readonly = false, fill = 0}: {readonly?: boolean; fill?: number} = {}): GrantedPage {
    const gfn = this.frame();
    const bytes = this.ops.memory.page(gfn);
    bytes.fill(fill);
    return {gfn, gref: this.ops.grantor.grantAccess(0, gfn, readonly), bytes};
  }

  /** A page that begins with these bytes. */
  pageOf(bytes: Uint8Array, offset = 0): GrantedPage {
    const page = this.page({readonly: true});
    page.bytes.set(bytes, offset);
    return page;
  }

  /** Fills the next transmit slot. */
  putTx(request: TxRequest): void {
    this.tx.writeSlot(this.txProd, packTxRequest(request));
    const {id = 0, flags = 0, size} = request;
    this.note(`fills tx request ${this.txProd}: id ${id}, flags ${flags}, size ${size}`);
    this.txProd = (this.txProd + 1) >>> 0;
  }

  /** Fills the next transmit slot with an extra info. */
  putExtra(extra: ExtraInfo): void {
    this.tx.writeSlot(this.txProd, new Uint8Array(TX_SLOT_BYTES));
    this.tx.writeSlot(this.txProd, packExtra(extra));
    this.note(`fills tx slot ${this.txProd} with extra info: type ${extra.type}, flags ${extra.flags ?? 0}`);
    this.txProd = (this.txProd + 1) >>> 0;
  }

  /** One frame of a page at most, in one slot. */
  putFrame(frame: Uint8Array, id = 0): void {
    this.putTx({gref: this.pageOf(frame).gref, size: frame.length, id});
  }

  /** Publishes, and sends an event if the backend has asked for one. Returns whether it had. */
  pushTx(txProd = this.txProd): boolean {
    const old = this.tx.reqProd;
    this.tx.reqProd = txProd;
    this.note(`publishes tx req_prod ${txProd >>> 0}`);
    const wanted = needsNotify(old, txProd, this.tx.reqEvent);
    if (wanted) this.notifyTx();
    return wanted;
  }

  notifyTx(): void {
    this.ops.evtchnSend(this.txPort);
  }

  notifyRx(): void {
    this.ops.evtchnSend(this.rxPort);
  }

  /** Takes the transmit responses that are there and asks for an event at the next. */
  takeTx(): TxResponse[] {
    const responses: TxResponse[] = [];
    while (this.txCons !== this.tx.rspProd && responses.length < this.tx.slots) {
      const response = txResponseAt(this.tx.readSlot(this.txCons));
      responses.push(response);
      this.note(`takes tx response ${this.txCons}: id ${response.id}, status ${response.status}`);
      this.txCons = (this.txCons + 1) >>> 0;
    }
    this.tx.rspEvent = this.txCons + 1;
    return responses;
  }

  /** Fills the next receive slot; the id is the slot's number unless another is named. */
  putRx({gref, id = this.rxProd & (this.rx.slots - 1)}: {gref: number; id?: number}): void {
    this.rx.writeSlot(this.rxProd, packRxRequest(id, gref));
    this.rxProd = (this.rxProd + 1) >>> 0;
  }

  /** Fills so many receive slots with fresh pages. */
  post(count: number, fill = 0): void {
    for (let i = 0; i < count; i++) {
      const page = this.page({fill});
      this.posted[this.rxProd & (this.rx.slots - 1)] = page;
      this.putRx({gref: page.gref});
    }
  }

  pushRx(rxProd = this.rxProd): boolean {
    const old = this.rx.reqProd;
    this.rx.reqProd = rxProd;
    this.note(`publishes rx req_prod ${rxProd >>> 0}`);
    const wanted = needsNotify(old, rxProd, this.rx.reqEvent);
    if (wanted) this.notifyRx();
    return wanted;
  }

  /** Takes the receive responses that are there and asks for an event at the next. */
  takeRx(): TakenRxResponse[] {
    const responses: TakenRxResponse[] = [];
    while (this.rxCons !== this.rx.rspProd && responses.length < this.rx.slots) {
      const slot = this.rx.readSlot(this.rxCons);
      const page = this.posted[this.rxCons & (this.rx.slots - 1)];
      const response = {...rxResponseAt(slot), index: this.rxCons, slot, page};
      responses.push(response);
      this.note(
        `takes rx response ${this.rxCons}: id ${response.id}, flags ${response.flags}, status ${response.status}`,
      );
      this.rxCons = (this.rxCons + 1) >>> 0;
    }
    this.rx.rspEvent = this.rxCons + 1;
    return responses;
  }

  /** Takes the rings' grants back: false while the backend has one mapped. Once only. */
  takeRingsBack(): boolean {
    return [this.txRef, this.rxRef].every((ref) => this.ops.grantor.endAccess(ref));
  }

  private listen(onEvent: () => void): number {
    const port = this.ops.evtchnAllocUnbound(0);
    this.ops.events(port).subscribe(() => {
      onEvent();
      this.note(`gets an event at port ${port}`);
    });
    return port;
  }

  private frame(): Gfn {
    const gfn = this.ops.pages.alloc();
    if (gfn === undefined) throw new Error('the peer is out of pages');
    return gfn;
  }
}
