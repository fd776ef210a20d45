import type {Subject, Subscription} from 'rxjs';
import {GNTMAP_host_map, GNTMAP_readonly} from '../../hypervisor/abi/grant-table.ts';
import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_ERROR,
  BLKIF_RSP_OKAY,
} from '../../hypervisor/abi/io/blkif.ts';
import {EIO} from '../../hypervisor/errno.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {type Completion, PENDING, SECTOR_BYTES, type Storage} from '../storage/index.ts';
import {InFlight} from './in-flight.ts';
import {BlockRequest, checkData, checkDiscard, type DiskLimits} from './request.ts';
import {RingEnd} from './ring-end.ts';
import type {BlockBatch, BlockStatistics} from './stats.ts';
import {Transfer} from './transfer.ts';
import type {Transport} from './transport.ts';

/** In place of a status: the request is under way and is answered later. */
const TAKEN = 1;

/** Requests of one ring under way at once, as many as Linux's blkback has. */
const MAX_IN_FLIGHT = 32;

export interface BlockQueueOptions {
  ops: HypervisorOps;
  transport: Transport;
  storage: Storage;
  limits: DiskLimits;
  stats: BlockStatistics;
  batches: Subject<BlockBatch>;
  /** How the device is called in traces. */
  name: string;
  maxInFlight?: number;
  /** The frontend broke the ring's rules; the queue has stopped. */
  onBroken: (reason: string) => void;
}

/** Serves one ring: takes requests, moves data between storage and the pages that the guest granted, answers. */
export class BlockQueue {
  private readonly ops: HypervisorOps;
  private readonly transport: Transport;
  private readonly storage: Storage;
  private readonly limits: DiskLimits;
  private readonly stats: BlockStatistics;
  private readonly batches: Subject<BlockBatch>;
  private readonly name: string;
  private readonly onBroken: (reason: string) => void;
  private readonly ring: RingEnd;
  private readonly request: BlockRequest;
  private readonly inFlight: InFlight;
  /** Of flushes and discards, one a slot. */
  private readonly completions: readonly Completion[];
  private readonly idleTransfers: Transfer[] = [];
  /** What the requests of this drain have been gathered into so far. */
  private gathered: Transfer | undefined;
  private subscription: Subscription | undefined;
  private drainPosted = false;
  private publishPosted = false;
  /** The ring holds more than may be under way: the next completion goes on. */
  private stalled = false;
  private stopped = false;
  private onIdle: (() => void) | undefined;
  private responses = 0;

  /** Begins what an operation asks for: the status to answer now, or TAKEN. */
  private readonly handlers: Readonly<Record<number, () => number>> = {
    [BLKIF_OP_READ]: () => this.read(),
    [BLKIF_OP_WRITE]: () => this.write(),
    [BLKIF_OP_FLUSH_DISKCACHE]: () => this.flush(),
    [BLKIF_OP_DISCARD]: () => this.discard(),
  };

  constructor(options: BlockQueueOptions) {
    this.ops = options.ops;
    this.transport = options.transport;
    this.storage = options.storage;
    this.limits = options.limits;
    this.stats = options.stats;
    this.batches = options.batches;
    this.name = options.name;
    this.onBroken = options.onBroken;
    this.ring = new RingEnd(options.ops, options.transport);
    this.request = new BlockRequest(options.transport.abi);
    this.inFlight = new InFlight(options.ops, options.maxInFlight ?? MAX_IN_FLIGHT);
    this.completions = Array.from({length: this.inFlight.capacity}, (_, slot) => ({
      complete: (result: number) => this.later(() => this.onSlotDone(slot, result)),
    }));
  }

  /** Serves the ring from now on, beginning with what is in it. */
  start(): void {
    this.subscription = this.ops.events(this.transport.port).subscribe(this.drain);
    this.drainLater();
  }

  /** Takes no more requests. `onIdle` is called once nothing is under way: at once, where storage does not wait. */
  stop(onIdle: () => void): void {
    this.halt();
    this.onIdle = onIdle;
    this.reportIdle();
  }

  toString(): string {
    return `${this.name}: ${String(this.ring)}, ${this.inFlight.count} in flight`;
  }

  /** One turn: what the ring holds now, at most one ring full; then the thread is for others. */
  private readonly drain = (): void => {
    this.drainPosted = false;
    if (this.stopped) return;
    this.ring.followMemory();
    if (this.ring.overrun) return this.giveUp();
    const {waiting} = this.ring;
    const taken = Math.min(waiting, this.inFlight.free);
    for (let i = 0; i < taken; i++) this.takeOne();
    this.submitGathered();
    this.publish(taken);
    this.goOn(waiting > taken);
  };

  private takeOne(): void {
    const {request} = this;
    this.ring.take(request);
    const handler = this.handlers[request.operation];
    const status = handler === undefined ? BLKIF_RSP_EOPNOTSUPP : handler();
    if (status !== TAKEN) this.respond(request.operation, request.idLow, request.idHigh, status);
  }

  private goOn(ringHoldsMore: boolean): void {
    if (ringHoldsMore && this.inFlight.count > 0) {
      this.stats.oo_req++;
      this.stalled = true;
    } else if (!this.ring.awaitRequests()) {
      this.drainLater();
    }
  }

  private read(): number {
    this.stats.rd_req++;
    const status = checkData(this.request, this.limits, false);
    return status === BLKIF_RSP_OKAY ? this.gather(GNTMAP_host_map) : status;
  }

  private write(): number {
    this.stats.wr_req++;
    const status = checkData(this.request, this.limits, true);
    return status === BLKIF_RSP_OKAY ? this.gather(GNTMAP_host_map | GNTMAP_readonly) : status;
  }

  /** May carry data, which is written when the flush has ended. */
  private flush(): number {
    this.stats.f_req++;
    if (this.request.nrSegments > 0) {
      const status = checkData(this.request, this.limits, true);
      if (status !== BLKIF_RSP_OKAY) return status;
    }
    const slot = this.inFlight.take(this.request, this.transport.otherDomid, GNTMAP_host_map | GNTMAP_readonly);
    if (slot < 0) return BLKIF_RSP_ERROR;
    this.submitGathered();
    this.slotDone(slot, this.storage.flush(this.completions[slot]));
    return TAKEN;
  }

  private discard(): number {
    this.stats.ds_req++;
    const status = checkDiscard(this.request, this.limits);
    if (status !== BLKIF_RSP_OKAY || this.request.discardSectors === 0) return status;
    const slot = this.inFlight.takeDiscard(this.request);
    this.submitGathered();
    this.discardStep(slot);
    return TAKEN;
  }

  private discardStep(slot: number): void {
    const {position, lengthBytes} = this.inFlight;
    this.slotDone(slot, this.storage.discard(position[slot], lengthBytes[slot], this.completions[slot]));
  }

  private slotDone(slot: number, result: number): void {
    if (result !== PENDING) this.onSlotDone(slot, result);
  }

  private onSlotDone(slot: number, result: number): void {
    const {operation, nrSegments} = this.inFlight;
    if (result < 0) this.finish(slot, BLKIF_RSP_ERROR);
    else if (operation[slot] === BLKIF_OP_DISCARD) this.onDiscarded(slot, result);
    else if (nrSegments[slot] > 0) this.submitAlone(slot);
    else this.finish(slot, BLKIF_RSP_OKAY);
  }

  private onDiscarded(slot: number, bytes: number): void {
    const {position, lengthBytes} = this.inFlight;
    position[slot] += bytes;
    lengthBytes[slot] -= bytes;
    if (lengthBytes[slot] <= 0) this.finish(slot, BLKIF_RSP_OKAY);
    else if (this.stopped) this.finish(slot, BLKIF_RSP_ERROR);
    else this.ops.schedule.post(() => this.later(() => this.discardStep(slot)));
  }

  /** Adds a request to those of the drain that it follows on the disk; else they are done first, so order is kept. */
  private gather(mapFlags: number): number {
    const {inFlight} = this;
    const slot = inFlight.take(this.request, this.transport.otherDomid, mapFlags);
    if (slot < 0) return BLKIF_RSP_ERROR;
    const write = inFlight.operation[slot] !== BLKIF_OP_READ;
    const position = inFlight.position[slot];
    if (this.gathered !== undefined && !this.gathered.isFollowedBy(write, position)) this.submitGathered();
    this.gathered ??= this.newTransfer(write, position);
    this.gathered.add(slot, inFlight);
    return TAKEN;
  }

  private submitGathered(): void {
    const {gathered} = this;
    if (gathered === undefined) return;
    this.gathered = undefined;
    this.submit(gathered);
  }

  private submitAlone(slot: number): void {
    const {inFlight} = this;
    const transfer = this.newTransfer(inFlight.operation[slot] !== BLKIF_OP_READ, inFlight.position[slot]);
    transfer.add(slot, inFlight);
    this.submit(transfer);
  }

  private newTransfer(write: boolean, position: number): Transfer {
    const transfer = this.idleTransfers.pop() ?? this.makeTransfer();
    transfer.begin(write, position);
    return transfer;
  }

  private makeTransfer(): Transfer {
    const memory = this.ops.mappedMemory(this.transport.ringHandle);
    return new Transfer(memory, this.inFlight.capacity, (transfer, result) =>
      this.later(() => this.onTransferDone(transfer, result)),
    );
  }

  private submit(transfer: Transfer): void {
    const {faults} = this.ops;
    const result = faults.active && faults.hit('ioError') ? -EIO : transfer.run(this.storage);
    if (result !== PENDING) this.onTransferDone(transfer, result);
  }

  private onTransferDone(transfer: Transfer, result: number): void {
    const {slots, slotCount} = transfer;
    const failed = result !== transfer.vector.lengthBytes;
    this.idleTransfers.push(transfer);
    if (failed && slotCount > 1) {
      // Only the requests that are at fault may fail: each one again by itself.
      for (const slot of slots.slice(0, slotCount)) this.submitAlone(slot);
      return;
    }
    for (let i = 0; i < slotCount; i++) this.finish(slots[i], failed ? BLKIF_RSP_ERROR : BLKIF_RSP_OKAY);
  }

  private finish(slot: number, status: number): void {
    const {inFlight, stats} = this;
    const operation = inFlight.operation[slot];
    if (status === BLKIF_RSP_OKAY && inFlight.nrSegments[slot] > 0) {
      const sectors = inFlight.lengthBytes[slot] / SECTOR_BYTES;
      if (operation === BLKIF_OP_READ) stats.rd_sect += sectors;
      else stats.wr_sect += sectors;
    }
    inFlight.release(slot);
    this.respond(operation, inFlight.idLow[slot], inFlight.idHigh[slot], status);
  }

  private respond(operation: number, idLow: number, idHigh: number, status: number): void {
    if (status !== BLKIF_RSP_OKAY) this.stats.errors++;
    if (this.stopped) return;
    this.responses++;
    this.ring.respond(operation, idLow, idHigh, status);
  }

  private publish(requests: number): void {
    const {responses} = this;
    const notified = this.ring.publish();
    this.responses = 0;
    // An event that found nothing to do.
    if (requests === 0 && responses === 0) return;
    if (this.batches.observed) this.batches.next({requests, responses, notified});
    if (this.ops.trace.on) this.ops.trace.emit('ring_batch', this.ops.domid, this.name, requests, responses);
  }

  /** Goes on after an operation that took its time. The answers of all such are published in one go. */
  private later(goOn: () => void): void {
    if (!this.stopped) this.ring.followMemory();
    goOn();
    if (this.stopped) this.reportIdle();
    else if (!this.publishPosted) {
      this.publishPosted = true;
      this.ops.schedule.post(this.publishLate);
    }
  }

  private readonly publishLate = (): void => {
    this.publishPosted = false;
    if (this.stopped) return;
    this.ring.followMemory();
    if (this.responses > 0) this.publish(0);
    if (this.stalled && this.inFlight.free > 0) {
      this.stalled = false;
      this.drainLater();
    }
  };

  private drainLater(): void {
    if (this.drainPosted) return;
    this.drainPosted = true;
    this.ops.schedule.post(this.drain);
  }

  /** @see ring.h, RING_REQUEST_PROD_OVERFLOW */
  private giveUp(): void {
    this.halt();
    this.onBroken(`ring over-run: ${String(this.ring)}`);
  }

  private halt(): void {
    this.stopped = true;
    this.subscription?.unsubscribe();
  }

  private reportIdle(): void {
    if (this.inFlight.count > 0) return;
    this.onIdle?.();
    this.onIdle = undefined;
  }
}
