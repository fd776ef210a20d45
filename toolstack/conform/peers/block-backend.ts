import {GNTMAP_host_map} from '../../../hypervisor/abi/grant-table.ts';
import type {HypervisorOps} from '../../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import {Breach} from '../verdict.ts';
import {BLK_OP} from './block-frontend.ts';
import {needsNotify, SharedRingPage} from './shared-ring-page.ts';

const SLOT_BYTES = 112;
const SECTOR_BYTES = 512;

export interface TakenSegment {
  readonly gref: number;
  readonly first: number;
  readonly last: number;
}

/** A request as it stands in its slot. */
export interface TakenRequest {
  readonly index: number;
  readonly operation: number;
  readonly nrSegments: number;
  readonly handle: number;
  readonly id: bigint;
  readonly sector: bigint;
  readonly segments: readonly TakenSegment[];
}

/** A block backend without a driver, for frontends in the x86_64 ABI: maps the ring, and puts any bytes on it. */
export class BlockBackendPeer {
  readonly ring: SharedRingPage;
  readonly ringGfn: number;
  readonly port: number;
  /** Next request to take, next response to fill. */
  reqCons: number;
  rspProd: number;
  events = 0;
  private readonly ops: HypervisorOps;
  private readonly note: (what: string) => void;
  private readonly frontend: number;
  private readonly handle: number;

  constructor(
    ops: HypervisorOps,
    note: (what: string) => void,
    {frontend, ringRef, remotePort}: {frontend: number; ringRef: number; remotePort: number},
  ) {
    this.ops = ops;
    this.note = note;
    this.frontend = frontend;
    this.handle = ops.gnttabMap(frontend, ringRef, GNTMAP_host_map);
    this.port = ops.evtchnBindInterdomain(frontend, remotePort);
    if (this.handle < 0 || this.port < 0) {
      const seen = `ring-ref ${ringRef} maps to ${this.handle}, event-channel ${remotePort} binds to ${this.port}`;
      throw new Breach(seen, 'a ring that can be mapped and a port that can be bound');
    }
    const memory = ops.mappedMemory(this.handle);
    this.ringGfn = ops.mappedOffset(this.handle) / PAGE_SIZE;
    this.ring = new SharedRingPage(memory, () => ops.mappedOffset(this.handle), SLOT_BYTES);
    this.reqCons = this.ring.rspProd;
    this.rspProd = this.ring.rspProd;
    ops.events(this.port).subscribe(() => {
      this.events++;
      note('gets an event');
    });
  }

  /** The request of an index, consumed or not. */
  request(index: number): TakenRequest {
    const slot = this.ring.slot(index);
    const nrSegments = slot.getUint8(1);
    return {
      index,
      operation: slot.getUint8(0),
      nrSegments,
      handle: slot.getUint16(2, true),
      id: slot.getBigUint64(8, true),
      sector: slot.getBigUint64(16, true),
      segments: Array.from({length: Math.min(nrSegments, 11)}, (_, i) => ({
        gref: slot.getUint32(24 + 8 * i, true),
        first: slot.getUint8(28 + 8 * i),
        last: slot.getUint8(29 + 8 * i),
      })),
    };
  }

  /** Takes the requests that are there, at most a ring full, and asks for an event at the next. */
  take({rearm = true}: {rearm?: boolean} = {}): TakenRequest[] {
    const requests: TakenRequest[] = [];
    while (this.reqCons !== this.ring.reqProd && requests.length < this.ring.slots) {
      const request = this.request(this.reqCons);
      requests.push(request);
      this.note(`takes request ${this.reqCons}: operation ${request.operation}, id ${request.id}`);
      this.reqCons = (this.reqCons + 1) >>> 0;
    }
    if (rearm) this.ring.reqEvent = this.reqCons + 1;
    return requests;
  }

  /** Fills the next response slot. */
  respond(id: bigint, operation: number, status = 0): void {
    const slot = this.ring.slot(this.rspProd);
    slot.setBigUint64(0, id, true);
    slot.setUint8(8, operation);
    slot.setInt16(10, status, true);
    this.note(`fills response ${this.rspProd}: id ${id}, operation ${operation}, status ${status}`);
    this.rspProd = (this.rspProd + 1) >>> 0;
  }

  /** Does what a disk of pattern bytes would: fills the pages of a read, answers. */
  serve(request: TakenRequest, pattern: number): void {
    if (request.operation === BLK_OP.read) this.fill(request, pattern);
    this.respond(request.id, request.operation);
  }

  /** Publishes what was filled, or any index, without an event. Returns the index published before. */
  publish(rspProd = this.rspProd): number {
    const old = this.ring.rspProd;
    this.ring.rspProd = rspProd;
    this.note(`publishes rsp_prod ${rspProd >>> 0}`);
    return old;
  }

  notify(): void {
    this.ops.evtchnSend(this.port);
  }

  /** Publishes, and sends an event if the frontend has asked for one. Returns whether it had. */
  push(): boolean {
    const old = this.publish();
    const wanted = needsNotify(old, this.rspProd, this.ring.rspEvent);
    if (wanted) this.notify();
    return wanted;
  }

  /** Maps a page of the frontend: a handle, or GNTST_* below 0. */
  map(gref: number): number {
    return this.ops.gnttabMap(this.frontend, gref, GNTMAP_host_map);
  }

  unmap(handle: number): void {
    this.ops.gnttabUnmap(handle);
  }

  /** Lets go of ring and port. */
  disconnect(): void {
    this.ops.evtchnClose(this.port);
    this.ops.gnttabUnmap(this.handle);
  }

  private fill({segments}: TakenRequest, pattern: number): void {
    for (const {gref, first, last} of segments) {
      const handle = this.map(gref);
      if (handle < 0) continue;
      const at = this.ops.mappedOffset(handle);
      this.ops.mappedMemory(handle).u8.fill(pattern, at + first * SECTOR_BYTES, at + (last + 1) * SECTOR_BYTES);
      this.unmap(handle);
    }
  }
}
