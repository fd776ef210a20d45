import type {Subject, Subscription} from 'rxjs';
import {
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_INDIRECT,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_ERROR,
  BLKIF_RSP_OKAY,
} from '../../hypervisor/abi/io/blkif.ts';
import {counted} from '../../hypervisor/cost/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {OVERRUN} from '../mapped-ring.ts';
import type {Transport} from '../ring-transport.ts';
import {SECTOR_BYTES} from '../storage/index.ts';
import {AnswerTimes} from './answer-times.ts';
import {checkData, checkDiscard} from './check.ts';
import {type BlockFeatures, MAX_INDIRECT_SEGMENTS} from './features.ts';
import {InFlight} from './in-flight.ts';
import type {PageMaps} from './page-maps.ts';
import {BlockRequest} from './request.ts';
import {RingEnd} from './ring-end.ts';
import {SegmentPage} from './segment-page.ts';
import type {ServedDisk} from './served-disk.ts';
import type {BlockBatch, BlockMeter} from './stats.ts';
import {RequestWork} from './work.ts';

/** In place of a status: the request is under way and is answered later. */
const TAKEN = 1;

/** Requests under way at once for each page of the ring, as many as Linux's blkback has. */
const IN_FLIGHT_PER_PAGE = 32;

export interface BlockQueueOptions {
  ops: HypervisorOps;
  transport: Transport;
  maps: PageMaps;
  disk: ServedDisk;
  features: BlockFeatures;
  meter: BlockMeter;
  batches: Subject<BlockBatch>;
  /** How the device is called in traces. */
  name: string;
  /** Requests under way at once; by default as many as the ring holds, a little more or less. */
  maxInFlight?: number;
  /** The storage does not know a kind of operation after all. */
  onUnsupported: (operation: number) => void;
  /** The frontend broke the ring's rules; the queue has stopped. */
  onBroken: (reason: string) => void;
}

/** Serves one ring: takes requests, checks them, has them done, answers. */
export class BlockQueue {
  private readonly options: BlockQueueOptions;
  private readonly ops: HypervisorOps;
  private readonly disk: ServedDisk;
  private readonly meter: BlockMeter;
  private readonly ring: RingEnd;
  private readonly request: BlockRequest;
  private readonly segmentPage: SegmentPage;
  private readonly inFlight: InFlight;
  private readonly work: RequestWork;
  private readonly answerTimes: AnswerTimes;
  private subscription: Subscription | undefined;
  private drainPosted = false;
  private publishPosted = false;
  /** The ring holds more than may be under way: the next completion goes on. */
  private stalled = false;
  private paused = false;
  private stopped = false;
  /** Called once nothing is under way. */
  private readonly whenIdle: (() => void)[] = [];
  private responses = 0;
  private nowNs = 0;

  /** Begins what an operation asks for: the status to answer now, or TAKEN. */
  private readonly handlers: Readonly<Record<number, (() => number) | undefined>>;

  constructor(options: BlockQueueOptions) {
    const {ops, transport, maps, features} = options;
    this.options = options;
    this.ops = ops;
    this.disk = options.disk;
    this.meter = options.meter;
    this.ring = new RingEnd(ops, transport);
    this.request = new BlockRequest(transport.abi);
    this.segmentPage = new SegmentPage(maps, ops.mappedMemory(transport.ringHandles[0]), features.indirect);
    const capacity = options.maxInFlight ?? IN_FLIGHT_PER_PAGE * transport.ringHandles.length;
    this.inFlight = new InFlight(maps, capacity);
    this.answerTimes = new AnswerTimes(this.ring.entries, options.meter.latencyNs);
    this.work = new RequestWork({
      ops,
      memory: ops.mappedMemory(transport.ringHandles[0]),
      disk: options.disk,
      inFlight: this.inFlight,
      onDone: (slot, status) => this.finish(slot, status),
      enter: () => this.enter(),
      leave: () => this.leave(),
    });
    this.handlers = {
      [BLKIF_OP_READ]: () => this.read(),
      [BLKIF_OP_WRITE]: () => this.write(),
      [BLKIF_OP_WRITE_BARRIER]: features.barrier ? () => this.flush() : undefined,
      [BLKIF_OP_FLUSH_DISKCACHE]: features.flush ? () => this.flush() : undefined,
      [BLKIF_OP_DISCARD]: () => this.discard(),
      [BLKIF_OP_INDIRECT]: features.indirect > 0 ? () => this.indirect() : undefined,
    };
  }

  /** Serves the ring from now on, beginning with what is in it. */
  start(): void {
    this.subscription = this.ops.events(this.options.transport.port).subscribe(this.drain);
    this.drainLater();
  }

  /** Takes no more requests. `onIdle` is called once nothing is under way: at once, where storage does not wait. */
  stop(onIdle: () => void): void {
    this.halt();
    this.whenIdle.push(onIdle);
    this.reportIdle();
  }

  /** Takes no more requests until `goOn`; `onIdle` as for stop. What is under way is answered. */
  pause(onIdle: () => void): void {
    this.paused = true;
    this.whenIdle.push(onIdle);
    this.reportIdle();
  }

  goOn(): void {
    this.paused = false;
    if (!this.stopped) this.drainLater();
  }

  toString(): string {
    return `${this.options.name}: ${String(this.ring)}, ${this.inFlight.count} in flight`;
  }

  /** One turn: what the ring holds now, at most one ring full; then the thread is for others. */
  private readonly drain = (): void => {
    this.drainPosted = false;
    if (this.stopped || this.paused) return;
    this.ring.followMemory();
    const waiting = this.ring.look();
    if (waiting === OVERRUN) return this.giveUp();
    this.nowNs = this.ops.schedule.now();
    let taken = 0;
    for (; taken < waiting && this.inFlight.free > 0 && !this.work.isBlocked; taken++) this.takeOne();
    this.work.submitGathered();
    if (waiting > 0) this.meter.ringUse.add(waiting);
    this.publish(taken);
    this.awaitMore(waiting > taken);
  };

  private takeOne(): void {
    const {request} = this;
    this.ring.take(request);
    const handler = this.handlers[request.operation];
    const status = handler === undefined ? BLKIF_RSP_EOPNOTSUPP : handler();
    if (status !== TAKEN) this.respond(request.answeredOperation, request.idLow, request.idHigh, status, this.nowNs);
  }

  private awaitMore(ringHoldsMore: boolean): void {
    if (ringHoldsMore && this.inFlight.count > 0) {
      if (this.inFlight.free === 0) this.meter.counters.oo_req++;
      this.stalled = true;
    } else if (!this.ring.awaitRequests()) {
      this.drainLater();
    }
  }

  private read(): number {
    this.meter.counters.rd_req++;
    return this.takeData(false);
  }

  private write(): number {
    this.meter.counters.wr_req++;
    return this.takeData(true);
  }

  /** A flush or barrier. May carry data. */
  private flush(): number {
    this.meter.counters.f_req++;
    return this.request.nrSegments > 0 ? this.takeData(true) : this.take(0);
  }

  /** The segments of an indirect request have been counted and copied before. */
  private takeData(write: boolean): number {
    const {request, disk} = this;
    const maxSegments = request.isIndirect ? MAX_INDIRECT_SEGMENTS : BLKIF_MAX_SEGMENTS_PER_REQUEST;
    const bytes = this.inFlight.readSegments(request, maxSegments, disk.limits);
    const status = checkData(request, bytes, disk.limits, write);
    if (status !== BLKIF_RSP_OKAY) return status;
    this.meter.segments.add(request.nrSegments);
    return this.take(bytes);
  }

  private take(bytes: number): number {
    const slot = this.inFlight.take(this.request, bytes, this.disk.limits.units, this.nowNs);
    if (slot < 0) return BLKIF_RSP_ERROR;
    this.work.begin(slot);
    return TAKEN;
  }

  private discard(): number {
    const {request, disk, options} = this;
    this.meter.counters.ds_req++;
    const status = checkDiscard(request, disk.limits);
    if (status !== BLKIF_RSP_OKAY || request.discardSectors === 0) return status;
    const secure = options.features.secure && request.isSecureDiscard;
    this.work.begin(this.inFlight.takeDiscard(request, disk.limits.units, this.nowNs, secure));
    return TAKEN;
  }

  /** Only to read or to write. Whatever is wrong with it is an error like that of a plain request. */
  private indirect(): number {
    const inner = this.request.answeredOperation;
    if (inner !== BLKIF_OP_READ && inner !== BLKIF_OP_WRITE) return BLKIF_RSP_ERROR;
    if (!this.segmentPage.copyInto(this.request)) return BLKIF_RSP_ERROR;
    return inner === BLKIF_OP_READ ? this.read() : this.write();
  }

  private finish(slot: number, status: number): void {
    const {inFlight} = this;
    const operation = inFlight.operation[slot];
    if (status === BLKIF_RSP_OKAY && inFlight.nrSegments[slot] > 0) this.countSectors(slot);
    if (status === BLKIF_RSP_EOPNOTSUPP) this.options.onUnsupported(operation);
    inFlight.release(slot);
    this.respond(operation, inFlight.idLow[slot], inFlight.idHigh[slot], status, inFlight.takenNs[slot]);
  }

  private countSectors(slot: number): void {
    const {counters} = this.meter;
    const sectors = this.inFlight.lengthBytes[slot] / SECTOR_BYTES;
    if (this.inFlight.isRead(slot)) counters.rd_sect += sectors;
    else counters.wr_sect += sectors;
  }

  private respond(operation: number, idLow: number, idHigh: number, status: number, takenNs: number): void {
    if (status !== BLKIF_RSP_OKAY) this.meter.counters.errors++;
    if (this.stopped) return;
    this.responses++;
    this.answerTimes.add(takenNs);
    this.ring.respond(operation, idLow, idHigh, status);
  }

  private publish(requests: number): void {
    const {responses} = this;
    const {batches, name} = this.options;
    const notified = this.ring.publish();
    this.responses = 0;
    // An event that found nothing to do.
    if (requests === 0 && responses === 0) return;
    this.ops.account?.add(counted.request, requests);
    this.answerTimes.settle(this.ops.schedule.now());
    if (batches.observed) batches.next({requests, responses, notified});
    if (this.ops.trace.on) this.ops.trace.emit('ring_batch', this.ops.domid, name, requests, responses);
  }

  private enter(): void {
    if (!this.stopped) this.ring.followMemory();
  }

  /** The answers to all that took their time are published in one go. */
  private leave(): void {
    this.reportIdle();
    if (this.stopped || this.publishPosted) return;
    this.publishPosted = true;
    this.ops.schedule.post(this.publishLate);
  }

  private readonly publishLate = (): void => {
    this.publishPosted = false;
    if (this.stopped) return;
    this.ring.followMemory();
    if (this.responses > 0) this.publish(0);
    if (this.stalled && this.inFlight.free > 0 && !this.work.isBlocked) {
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
    this.options.onBroken(`ring over-run: ${String(this.ring)}`);
  }

  private halt(): void {
    this.stopped = true;
    this.work.stop();
    this.subscription?.unsubscribe();
  }

  private reportIdle(): void {
    if (this.inFlight.count > 0) return;
    for (const idle of this.whenIdle.splice(0)) idle();
  }
}
