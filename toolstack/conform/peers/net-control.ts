import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {Gfn} from '../../../hypervisor/ids.ts';
import {needsNotify, SharedRingPage} from './shared-ring-page.ts';

const PAGE_BYTES = 4096;
/** @see netif.h, struct xen_netif_ctrl_request: bytes of a slot, of which a response takes 12. */
export const CONTROL_SLOT_BYTES = 16;
const RESPONSE_BYTES = 12;

/** XEN_NETIF_CTRL_TYPE_* */
export const CTRL = {
  getFlags: 1,
  setFlags: 2,
  setKey: 3,
  getMappingSize: 4,
  setMappingSize: 5,
  setMapping: 6,
  setAlgorithm: 7,
  getGrefSize: 8,
  addGrefs: 9,
  delGrefs: 10,
} as const;

/** XEN_NETIF_CTRL_STATUS_* */
export const CTRL_STATUS = {success: 0, notSupported: 1, invalid: 2, overflow: 3} as const;

/** XEN_NETIF_CTRL_HASH_TYPE_*, bits, and the algorithm. */
export const HASH = {ipv4: 1, ipv4Tcp: 2, ipv6: 4, ipv6Tcp: 8, toeplitz: 1} as const;

export interface ControlRequest {
  readonly id: number;
  readonly type: number;
  readonly data: readonly number[];
}

export interface ControlResponse {
  readonly id: number;
  readonly type: number;
  readonly status: number;
  readonly data: number;
}

/** The control ring of a network frontend without a driver. */
export class NetControlPeer {
  readonly ring: SharedRingPage;
  readonly gfn: Gfn;
  readonly ref: number;
  readonly port: number;
  prod = 0;
  cons = 0;
  private readonly ops: HypervisorOps;
  private readonly note: (what: string) => void;

  constructor(ops: HypervisorOps, gfn: Gfn, note: (what: string) => void) {
    this.ops = ops;
    this.note = note;
    this.gfn = gfn;
    this.ring = new SharedRingPage(ops.memory, () => gfn * PAGE_BYTES, CONTROL_SLOT_BYTES);
    this.ring.init();
    this.ref = ops.grantor.grantAccess(0, gfn, false);
    this.port = ops.evtchnAllocUnbound(0);
    ops.events(this.port).subscribe(() => this.note('gets an event of the control ring'));
  }

  get nodes(): Record<string, string> {
    return {'ctrl-ring-ref': String(this.ref), 'event-channel-ctrl': String(this.port)};
  }

  /** Fills the next slot. */
  put({id, type, data}: ControlRequest): void {
    const view = new DataView(new ArrayBuffer(CONTROL_SLOT_BYTES));
    view.setUint16(0, id, true);
    view.setUint16(2, type, true);
    data.forEach((value, i) => view.setUint32(4 + 4 * i, value, true));
    this.ring.writeSlot(this.prod, new Uint8Array(view.buffer));
    this.note(`fills control request ${this.prod}: id ${id}, type ${type}, data ${data.join(' ')}`);
    this.prod = (this.prod + 1) >>> 0;
  }

  push(prod = this.prod): void {
    const old = this.ring.reqProd;
    this.ring.reqProd = prod;
    this.note(`publishes control req_prod ${prod}`);
    if (needsNotify(old, prod, this.ring.reqEvent)) this.ops.evtchnSend(this.port);
  }

  /** Takes the responses that are there. */
  take(): ControlResponse[] {
    const responses: ControlResponse[] = [];
    while (this.cons !== this.ring.rspProd && responses.length < this.ring.slots) {
      const slot = this.ring.readSlot(this.cons);
      const response = {
        id: slot.getUint16(0, true),
        type: slot.getUint16(2, true),
        status: slot.getUint32(4, true),
        data: slot.getUint32(RESPONSE_BYTES - 4, true),
      };
      responses.push(response);
      this.note(`takes control response ${this.cons}: id ${response.id}, status ${response.status}`);
      this.cons = (this.cons + 1) >>> 0;
    }
    this.ring.rspEvent = this.cons + 1;
    return responses;
  }
}

/** The control ring of a network backend without a driver: answers what it is told to. */
export class NetControlServer {
  readonly ring: SharedRingPage;
  cons: number;
  prod: number;
  private readonly ops: HypervisorOps;
  private readonly note: (what: string) => void;
  private readonly port: number;

  constructor(ops: HypervisorOps, ring: SharedRingPage, port: number, note: (what: string) => void) {
    this.ops = ops;
    this.ring = ring;
    this.port = port;
    this.note = note;
    this.cons = ring.rspProd;
    this.prod = ring.rspProd;
  }

  /** Takes the requests that are there. */
  take(): ControlRequest[] {
    const requests: ControlRequest[] = [];
    while (this.cons !== this.ring.reqProd && requests.length < this.ring.slots) {
      const slot = this.ring.readSlot(this.cons);
      const data = [4, 8, 12].map((at) => slot.getUint32(at, true));
      const request = {id: slot.getUint16(0, true), type: slot.getUint16(2, true), data};
      requests.push(request);
      this.note(`takes control request ${this.cons}: type ${request.type}`);
      this.cons = (this.cons + 1) >>> 0;
    }
    this.ring.reqEvent = this.cons + 1;
    return requests;
  }

  respond({id, type, status, data}: ControlResponse): void {
    const view = new DataView(new ArrayBuffer(RESPONSE_BYTES));
    view.setUint16(0, id, true);
    view.setUint16(2, type, true);
    view.setUint32(4, status, true);
    view.setUint32(8, data, true);
    this.ring.writeSlot(this.prod, new Uint8Array(view.buffer));
    this.prod = (this.prod + 1) >>> 0;
  }

  push(): void {
    const old = this.ring.rspProd;
    this.ring.rspProd = this.prod;
    if (needsNotify(old, this.prod, this.ring.rspEvent)) this.ops.evtchnSend(this.port);
  }
}
