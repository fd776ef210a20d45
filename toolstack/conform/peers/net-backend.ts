import {GNTMAP_host_map, GNTMAP_readonly} from '../../../hypervisor/abi/grant-table.ts';
import type {HypervisorOps} from '../../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import {Breach} from '../verdict.ts';
import {CONTROL_SLOT_BYTES, NetControlServer} from './net-control.ts';
import {
  type ExtraInfo,
  packExtra,
  packRxResponse,
  packTxResponse,
  RX_SLOT_BYTES,
  type RxResponse,
  rxRequestAt,
  TX_SLOT_BYTES,
  type TxRequest,
  txRequestAt,
} from './net-slots.ts';
import {needsNotify, SharedRingPage} from './shared-ring-page.ts';

/** What a network frontend announced. */
export interface AnnouncedNetRings {
  readonly frontend: number;
  readonly txRef: number;
  readonly rxRef: number;
  readonly txPort: number;
  /** The same as txPort unless there is one for each direction. */
  readonly rxPort: number;
}

export interface TakenTxRequest extends Required<TxRequest> {
  readonly index: number;
}

/** A network backend without a driver: maps both rings, and puts any bytes on them. */
export class NetBackendPeer {
  readonly tx: SharedRingPage;
  readonly rx: SharedRingPage;
  readonly txRef: number;
  readonly rxRef: number;
  /** Next request to take, next response to fill, of each ring. */
  txCons: number;
  txProd: number;
  rxProd: number;
  txEvents = 0;
  rxEvents = 0;
  private readonly ops: HypervisorOps;
  private readonly note: (what: string) => void;
  private readonly frontend: number;
  private readonly txPort: number;
  private readonly rxPort: number;
  private readonly handles: number[] = [];

  constructor(ops: HypervisorOps, note: (what: string) => void, announced: AnnouncedNetRings) {
    this.ops = ops;
    this.note = note;
    this.frontend = announced.frontend;
    this.txRef = announced.txRef;
    this.rxRef = announced.rxRef;
    this.tx = this.mapRing(this.txRef, TX_SLOT_BYTES);
    this.rx = this.mapRing(this.rxRef, RX_SLOT_BYTES);
    this.txPort = this.bind(announced.txPort, () => this.txEvents++);
    this.rxPort =
      announced.rxPort === announced.txPort ? this.txPort : this.bind(announced.rxPort, () => this.rxEvents++);
    this.txCons = this.tx.rspProd;
    this.txProd = this.tx.rspProd;
    this.rxProd = this.rx.rspProd;
  }

  /** Lets go of both rings. */
  disconnect(): void {
    for (const port of new Set([this.txPort, this.rxPort])) this.ops.evtchnClose(port);
    for (const handle of this.handles) this.unmap(handle);
  }

  /** Takes the transmit requests that are there, and asks for an event at the next. */
  takeTx(): TakenTxRequest[] {
    const requests: TakenTxRequest[] = [];
    while (this.txCons !== this.tx.reqProd && requests.length < this.tx.slots) {
      const request = {...txRequestAt(this.tx.readSlot(this.txCons)), index: this.txCons};
      requests.push(request);
      this.note(`takes tx request ${this.txCons}: id ${request.id}, flags ${request.flags}, size ${request.size}`);
      this.txCons = (this.txCons + 1) >>> 0;
    }
    this.tx.reqEvent = this.txCons + 1;
    return requests;
  }

  /** Fills the next transmit response. */
  respondTx(id: number, status = 0): void {
    this.tx.writeSlot(this.txProd, packTxResponse({id, status}));
    this.note(`fills tx response ${this.txProd}: id ${id}, status ${status}`);
    this.txProd = (this.txProd + 1) >>> 0;
  }

  pushTx(txProd = this.txProd): void {
    const old = this.tx.rspProd;
    this.tx.rspProd = txProd;
    this.note(`publishes tx rsp_prod ${txProd >>> 0}`);
    if (needsNotify(old, txProd, this.tx.rspEvent)) this.notifyTx();
  }

  notifyTx(): void {
    this.ops.evtchnSend(this.txPort);
  }

  notifyRx(): void {
    this.ops.evtchnSend(this.rxPort);
  }

  /** Receive requests that are posted and not answered. */
  get posted(): number {
    return (this.rx.reqProd - this.rxProd) >>> 0;
  }

  /** The receive request of an index. */
  rxRequest(index: number): {id: number; gref: number} {
    return rxRequestAt(this.rx.readSlot(index));
  }

  /** Copies bytes into the page of the next receive request, and answers it; the answer may be changed. */
  fillRx(bytes: Uint8Array, {offset = 0, ...change}: Partial<RxResponse> = {}): void {
    const {id, gref} = this.rxRequest(this.rxProd);
    const handle = this.ops.gnttabMap(this.frontend, gref, GNTMAP_host_map);
    if (handle < 0)
      throw new Breach(`the page of receive request ${this.rxProd} maps to ${handle}`, 'a page to write to');
    const room = Math.max(0, PAGE_SIZE - offset);
    this.ops.mappedMemory(handle).u8.set(bytes.subarray(0, room), this.ops.mappedOffset(handle) + offset);
    this.ops.gnttabUnmap(handle);
    this.respondRx({id, offset, flags: 0, status: bytes.length, ...change});
  }

  /** Answers the next receive request without touching its page. */
  respondRx(response: RxResponse): void {
    this.rx.writeSlot(this.rxProd, packRxResponse(response));
    this.note(
      `fills rx response ${this.rxProd}: id ${response.id}, flags ${response.flags}, status ${response.status}`,
    );
    this.rxProd = (this.rxProd + 1) >>> 0;
  }

  /** The next receive slot is an extra info. */
  extraRx(extra: ExtraInfo): void {
    this.rx.writeSlot(this.rxProd, packExtra(extra));
    this.note(`fills rx slot ${this.rxProd} with extra info: type ${extra.type}`);
    this.rxProd = (this.rxProd + 1) >>> 0;
  }

  pushRx(rxProd = this.rxProd): void {
    const old = this.rx.rspProd;
    this.rx.rspProd = rxProd;
    this.note(`publishes rx rsp_prod ${rxProd >>> 0}`);
    if (needsNotify(old, rxProd, this.rx.rspEvent)) this.notifyRx();
  }

  /** Maps a page of the frontend: a handle, or GNTST_* below 0. */
  map(gref: number, flags: number = GNTMAP_host_map): number {
    return this.ops.gnttabMap(this.frontend, gref, flags);
  }

  unmap(handle: number): void {
    this.ops.gnttabUnmap(handle);
  }

  /** The bytes of a granted page, a copy; undefined when it cannot be mapped. */
  bytesOf(gref: number): Uint8Array | undefined {
    const handle = this.map(gref, GNTMAP_host_map | GNTMAP_readonly);
    if (handle < 0) return undefined;
    const at = this.ops.mappedOffset(handle);
    const bytes = this.ops.mappedMemory(handle).u8.slice(at, at + PAGE_SIZE);
    this.unmap(handle);
    return bytes;
  }

  /** Maps a control ring, too. */
  openControl(ref: number, remotePort: number): NetControlServer {
    const port = this.bind(remotePort, () => undefined);
    return new NetControlServer(this.ops, this.mapRing(ref, CONTROL_SLOT_BYTES), port, this.note);
  }

  private mapRing(ref: number, slotBytes: number): SharedRingPage {
    const handle = this.map(ref);
    if (handle < 0) throw new Breach(`ring reference ${ref} maps to ${handle}`, 'a ring that can be mapped');
    this.handles.push(handle);
    return new SharedRingPage(this.ops.mappedMemory(handle), () => this.ops.mappedOffset(handle), slotBytes);
  }

  private bind(remotePort: number, onEvent: () => void): number {
    const port = this.ops.evtchnBindInterdomain(this.frontend, remotePort);
    if (port < 0) throw new Breach(`event channel ${remotePort} binds to ${port}`, 'a port that can be bound');
    this.ops.events(port).subscribe(() => {
      onEvent();
      this.note(`gets an event at port ${port}`);
    });
    return port;
  }
}
