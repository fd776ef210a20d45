import {xen_netif_ctrl_ring} from '../../hypervisor/abi/io/netif.ts';
import type {FrontRing} from '../../hypervisor/abi/ring.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {GrantKeeper} from '../grant-keeper.ts';
import {RingPage} from '../ring-page.ts';
import {openPort, type QueueOptions} from './queue.ts';
import type {Fault} from './tx-ring.ts';

/** What a backend answers: XEN_NETIF_CTRL_STATUS_*, and data that the request asked for. */
export interface ControlAnswer {
  readonly status: number;
  readonly data: number;
}

/** Our end of the control ring. @see netif.h, "Control ring" */
export class ControlRing {
  readonly port: number;
  private readonly ops: HypervisorOps;
  private readonly keeper: GrantKeeper;
  private readonly onFault: (fault: Fault) => void;
  private readonly page: RingPage;
  private readonly ring: FrontRing;
  private readonly waiting = new Map<number, (answer: ControlAnswer | undefined) => void>();
  private readonly response = new Uint32Array(3);
  private nextId = 0;
  private live = true;

  /** DeviceError when pages, grants or ports have run out; nothing stays held then. */
  constructor({ops, domid, keeper, onFault}: QueueOptions) {
    this.ops = ops;
    this.keeper = keeper;
    this.onFault = onFault;
    this.page = new RingPage(ops, domid, xen_netif_ctrl_ring, 0);
    this.ring = this.page.ring;
    try {
      this.port = openPort(ops, domid);
    } catch (error) {
      this.page.release(keeper);
      throw error;
    }
  }

  /** Requests can be made: the connection has not ended. */
  get isLive(): boolean {
    return this.live;
  }

  get ref(): number {
    return this.page.ref;
  }

  start(): void {
    this.ops.events(this.port).subscribe(this.onEvent);
  }

  /** Asks for something; undefined when the connection ends first, or the ring is full. */
  request(type: number, ...data: readonly number[]): Promise<ControlAnswer | undefined> {
    if (!this.live || this.ring.full()) return Promise.resolve(undefined);
    const id = this.nextId;
    this.nextId = (id + 1) & 0xffff;
    this.ring.putRequest(Uint32Array.of(id | (type << 16), data[0] ?? 0, data[1] ?? 0, data[2] ?? 0));
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      if (this.ring.pushRequestsAndCheckNotify()) this.ops.evtchnSend(this.port);
    });
  }

  close(): void {
    this.live = false;
    for (const resolve of this.waiting.values()) resolve(undefined);
    this.waiting.clear();
    this.ops.evtchnClose(this.port);
    this.page.release(this.keeper);
  }

  private readonly onEvent = (): void => {
    if (!this.live) return;
    do {
      const responses = this.ring.unconsumedResponses();
      if (responses > this.waiting.size)
        return this.fail(`${responses} control responses to ${this.waiting.size} requests`);
      for (let i = 0; i < responses; i++) if (!this.takeResponse()) return;
    } while (this.ring.finalCheckForResponses() > 0);
  };

  private takeResponse(): boolean {
    this.ring.takeResponse(this.response);
    const [head, status, data] = this.response;
    const id = head & 0xffff;
    const resolve = this.waiting.get(id);
    if (resolve === undefined) {
      this.fail(`a control response to request ${id}, which is not under way`);
      return false;
    }
    this.waiting.delete(id);
    resolve({status, data});
    return true;
  }

  private fail(fault: Fault): void {
    this.live = false;
    this.onFault(fault);
  }
}
