import type {Gfn} from '../../hypervisor/ids.ts';
import type {DriverInstance, XenbusDevice, XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import type {RigDomain} from '../support/rig.ts';

/** Numbers of ring.h and netif.h, written down again. */
const [REQ_PROD, REQ_EVENT, RSP_PROD, RSP_EVENT] = [0, 1, 2, 3];
const FIRST_SLOT = 16;
export const ENTRIES = 256;
const TX_WORDS = 3;
const RX_WORDS = 2;
const PAGE = 4096;

export interface TxRequest {
  gref: number;
  offset?: number;
  flags?: number;
  id?: number;
  size: number;
}

/** An extra info in place of a request. */
export interface TxExtra {
  type: number;
  /** Of segmentation offload: payload bytes a segment, and its kind. */
  size?: number;
  gsoType?: number;
  more?: boolean;
}

export interface TxResponse {
  id: number;
  status: number;
}

/** A frontend by hand: every word on its rings and every node is the test's to choose. */
export class RawFrontend {
  readonly guest: RigDomain;
  readonly device: XenbusDevice;
  readonly txGfn: Gfn;
  readonly rxGfn: Gfn;
  readonly nodes: Record<string, number>;
  /** Next index on the transmit ring, and the first response not looked at. */
  prod: number;
  seen: number;
  rxProd: number;
  events = 0;
  readonly port: number;

  constructor(guest: RigDomain, device: XenbusDevice, start = 0) {
    this.guest = guest;
    this.device = device;
    this.prod = start;
    this.seen = start;
    this.rxProd = start;
    this.txGfn = this.page();
    this.rxGfn = this.page();
    for (const gfn of [this.txGfn, this.rxGfn]) {
      const words = this.words(gfn);
      words[REQ_PROD] = start;
      words[RSP_PROD] = start;
      words[REQ_EVENT] = start + 1;
      words[RSP_EVENT] = start + 1;
    }
    this.port = guest.ops.evtchnAllocUnbound(0);
    guest.ops.events(this.port).subscribe(() => this.events++);
    this.nodes = {
      'tx-ring-ref': this.grant(this.txGfn),
      'rx-ring-ref': this.grant(this.rxGfn),
      'event-channel': this.port,
      'request-rx-copy': 1,
      'feature-rx-notify': 1,
      'feature-sg': 1,
    };
  }

  page(): Gfn {
    const gfn = this.guest.ops.pages.alloc();
    if (gfn === undefined) throw new Error('the guest has no page left');
    return gfn;
  }

  grant(gfn: Gfn, readonly = false): number {
    return this.guest.ops.grantor.grantAccess(0, gfn, readonly);
  }

  words(gfn: Gfn): Uint32Array {
    return this.guest.ops.memory.u32.subarray((gfn * PAGE) / 4, ((gfn + 1) * PAGE) / 4);
  }

  bytes(gfn: Gfn): Uint8Array {
    return this.guest.ops.memory.page(gfn);
  }

  /** A granted page that holds the bytes from `at` on. */
  pageWith(bytes: Uint8Array, at = 0): number {
    const gfn = this.page();
    this.bytes(gfn).set(bytes, at);
    return this.grant(gfn, true);
  }

  /** Writes the nodes and says Connected. */
  connect(): void {
    this.device.enqueue(async () => {
      await this.device.publish(this.nodes);
      await this.device.switchState(4);
    });
  }

  /** Fills request slots, publishes them and sends an event. */
  transmit(requests: readonly (TxRequest | TxExtra)[]): void {
    const words = this.words(this.txGfn);
    for (const request of requests) {
      const word = FIRST_SLOT + (this.prod % ENTRIES) * TX_WORDS;
      if ('type' in request) {
        words[word] = request.type | (request.more === true ? 0x100 : 0) | ((request.size ?? 0) << 16);
        words[word + 1] = request.gsoType ?? 0;
      } else {
        words[word] = request.gref;
        words[word + 1] = (request.offset ?? 0) | ((request.flags ?? 0) << 16);
        words[word + 2] = (request.id ?? 0) | (request.size << 16);
      }
      this.prod = (this.prod + 1) >>> 0;
    }
    this.publishTx(this.prod);
  }

  publishTx(prod: number): void {
    this.words(this.txGfn)[REQ_PROD] = prod;
    this.kick();
  }

  /** Responses that came since the last look. */
  responses(): TxResponse[] {
    const words = this.words(this.txGfn);
    const responses: TxResponse[] = [];
    for (; this.seen !== words[RSP_PROD]; this.seen = (this.seen + 1) >>> 0) {
      const word = words[FIRST_SLOT + (this.seen % ENTRIES) * TX_WORDS];
      responses.push({id: word & 0xffff, status: word >> 16});
    }
    words[RSP_EVENT] = this.seen + 1;
    return responses;
  }

  /** Posts receive requests and sends an event. */
  post(requests: readonly {id: number; gref: number}[]): void {
    const words = this.words(this.rxGfn);
    for (const {id, gref} of requests) {
      const word = FIRST_SLOT + (this.rxProd % ENTRIES) * RX_WORDS;
      words[word] = id;
      words[word + 1] = gref;
      this.rxProd = (this.rxProd + 1) >>> 0;
    }
    this.publishRx(this.rxProd);
  }

  publishRx(prod: number): void {
    this.words(this.rxGfn)[REQ_PROD] = prod;
    this.kick();
  }

  /** The response in the slot of an index. */
  received(index: number): {id: number; offset: number; flags: number; status: number} {
    const words = this.words(this.rxGfn);
    const word = FIRST_SLOT + (index % ENTRIES) * RX_WORDS;
    return {
      id: words[word] & 0xffff,
      offset: words[word] >>> 16,
      flags: words[word + 1] & 0xffff,
      status: words[word + 1] >> 16,
    };
  }

  get rxResponses(): number {
    return this.words(this.rxGfn)[RSP_PROD];
  }

  kick(): void {
    this.guest.ops.evtchnSend(this.port);
  }
}

/** Lets the guest's bus find its vif; the test drives it through the RawFrontend made once the device is there. */
export const startRaw = (guest: RigDomain, onDevice: (device: XenbusDevice) => void): XenbusBus => {
  const instance: DriverInstance = {otherEndChanged: () => undefined, remove: () => undefined};
  const driver: XenbusDriver = {
    type: 'vif',
    probe: (device) => {
      onDevice(device);
      return instance;
    },
  };
  const bus = new XenbusBus(guest.ops, guest.xs, 'frontend', [driver]);
  bus.start();
  return bus;
};
