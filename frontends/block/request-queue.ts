import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_OKAY,
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
} from '../../hypervisor/abi/io/blkif.ts';
import type {Gfn} from '../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {DeviceIoError} from '../api.ts';
import type {Lane, Part} from './lane.ts';
import type {Operation} from './operation.ts';
import {LAST_SECT} from './ring.ts';
import {type BlockFrontStats, newStats} from './stats.ts';

const SECTOR_BYTES = 512;
/** Calls that may wait for room on the ring. */
const MAX_QUEUED = 65536;
/** So much of the disk belongs to one ring: requests that overlap meet there, and their order is kept. */
const STRIPE_BYTES = 1 << 20;

/** What a connected backend takes. */
export interface QueueTerms {
  /** Segments of a request at most. */
  readonly maxSegments: number;
  readonly flush: boolean;
  readonly barrier: boolean;
}

const NO_FRAMES: readonly Gfn[] = [];
const nothing: QueueTerms = {maxSegments: BLKIF_MAX_SEGMENTS_PER_REQUEST, flush: false, barrier: false};

/**
 * Splits operations into requests, in the order they came, keeps what the rings have no room for, adds up the answers.
 * While there is no connection all waits; what was lost with one is made again in the next.
 */
export class RequestQueue {
  readonly stats: BlockFrontStats = newStats();
  /** Operations that the backend turned out not to know. @see blkif.h, BLKIF_RSP_EOPNOTSUPP */
  readonly unsupported = new Set<number>();
  private readonly disk: string;
  private lanes: readonly Lane[] = [];
  private terms = nothing;
  private waiting: Operation[] = [];
  private requests = 0;

  constructor(disk: string) {
    this.disk = disk;
  }

  get length(): number {
    return this.waiting.length;
  }

  get inFlight(): number {
    return this.lanes.reduce((sum, {ring}) => sum + ring.inFlight, 0);
  }

  /** What makes writes stable: a flush, or else a barrier without data; undefined when the backend has neither. */
  get flushOperation(): number | undefined {
    const {flush, barrier} = this.terms;
    if (flush && !this.unsupported.has(BLKIF_OP_FLUSH_DISKCACHE)) return BLKIF_OP_FLUSH_DISKCACHE;
    return barrier && !this.unsupported.has(BLKIF_OP_WRITE_BARRIER) ? BLKIF_OP_WRITE_BARRIER : undefined;
  }

  connect(lanes: readonly Lane[], terms: QueueTerms): void {
    this.lanes = lanes;
    this.terms = terms;
    this.unsupported.clear();
    this.pump();
  }

  /** The rings have stopped: what was out goes in front of what waits, in the order it was sent. */
  disconnect(): void {
    const lost = this.lanes.flatMap((lane) => lane.close()).sort((a, b) => a.number - b.number);
    this.lanes = [];
    for (const {operation, extent} of lost) operation.takeBack(extent);
    this.waiting = [...new Set([...lost.map(({operation}) => operation), ...this.waiting])];
  }

  /** All that is not done fails. */
  close(): void {
    this.disconnect();
    for (const operation of this.waiting.splice(0)) operation.fail(this.disk, 'ENODEV');
  }

  run(operation: Operation): Promise<void> {
    if (this.waiting.length >= MAX_QUEUED)
      return Promise.reject(new DeviceIoError('EBUSY', `${this.disk}: queue full`));
    this.waiting.push(operation);
    this.pump();
    return operation.promise;
  }

  /** A response came. `status` is BLKIF_RSP_*. */
  onComplete(lane: Lane, tag: number, status: number): void {
    const part = lane.take(tag);
    const {operation, frames} = part;
    if (status === BLKIF_RSP_EOPNOTSUPP && this.flushOtherwise(part)) return;
    operation.onAnswered();
    if (status === BLKIF_RSP_OKAY) this.onDone(lane, part);
    else this.onFailed(operation, status);
    lane.frames.giveBack(frames);
    operation.settle(this.disk);
  }

  /** Puts on the rings what they have room for. */
  pump(): void {
    if (this.lanes.length === 0) return;
    while (this.waiting.length > 0 && this.issue(this.waiting[0])) this.settleIssued();
    for (const {ring} of this.lanes) ring.publish();
  }

  private settleIssued(): void {
    while (this.waiting.length > 0 && this.waiting[0].isIssued) this.waiting.shift()?.settle(this.disk);
  }

  /** Makes the next request of an operation; false when it has to wait for responses. */
  private issue(operation: Operation): boolean {
    if (operation.isIssued) return true;
    if (operation.kind === BLKIF_OP_FLUSH_DISKCACHE) return this.issueFlush(operation);
    const lane = this.laneOf(operation.position + operation.next.offset);
    if (lane.ring.full) return false;
    return operation.kind === BLKIF_OP_DISCARD ? this.issueDiscard(operation, lane) : this.issueData(operation, lane);
  }

  private laneOf(position: number): Lane {
    return this.lanes[Math.floor(position / STRIPE_BYTES) % this.lanes.length];
  }

  /** Bytes from there on that belong to the same ring. */
  private stripeLeft(position: number): number {
    return this.lanes.length === 1 ? Infinity : STRIPE_BYTES - (position % STRIPE_BYTES);
  }

  /** A flush covers the writes that have ended, so it waits for those on the rings. */
  private issueFlush(operation: Operation): boolean {
    const [lane] = this.lanes;
    if (this.inFlight > 0 || lane.ring.full) return false;
    const {flushOperation} = this;
    if (flushOperation === undefined) {
      operation.onIssued(0);
      operation.onAnswered();
      return true;
    }
    this.stats.flushes++;
    lane.ring.submitFlush(flushOperation, lane.nextTag);
    this.note(lane, operation, 0, NO_FRAMES);
    return true;
  }

  private issueDiscard(operation: Operation, lane: Lane): boolean {
    const position = operation.position + operation.next.offset;
    const lengthBytes = Math.min(operation.next.lengthBytes, this.stripeLeft(position));
    this.stats.discards++;
    lane.ring.submitDiscard(position / SECTOR_BYTES, lengthBytes / SECTOR_BYTES, operation.secure, lane.nextTag);
    this.note(lane, operation, lengthBytes, NO_FRAMES);
    return true;
  }

  private issueData(operation: Operation, lane: Lane, maxSegments = this.terms.maxSegments): boolean {
    const {kind, data, next} = operation;
    const position = operation.position + next.offset;
    const lengthBytes = Math.min(maxSegments * PAGE_SIZE, next.lengthBytes, this.stripeLeft(position));
    const segments = Math.ceil(lengthBytes / PAGE_SIZE);
    const frames = lane.frames.take(segments > BLKIF_MAX_SEGMENTS_PER_REQUEST ? segments + 1 : segments);
    if (frames === undefined) return this.issueShorter(operation, lane, segments);
    if (kind === BLKIF_OP_WRITE) lane.frames.fill(frames, data.subarray(next.offset, next.offset + lengthBytes));
    const lastSect = (lengthBytes / SECTOR_BYTES - 1) & LAST_SECT;
    if (!lane.ring.submit(kind, position / SECTOR_BYTES, frames, segments, 0, lastSect, lane.nextTag)) {
      lane.frames.giveBack(frames);
      return this.issueShorter(operation, lane, segments);
    }
    if (kind === BLKIF_OP_READ) this.stats.reads++;
    else this.stats.writes++;
    this.note(lane, operation, lengthBytes, frames);
    return true;
  }

  /** The request of the lane's next tag, for the first bytes of what is next, is on its ring. */
  private note(lane: Lane, operation: Operation, lengthBytes: number, frames: readonly Gfn[]): void {
    const extent = {offset: operation.next.offset, lengthBytes};
    lane.note({number: this.requests++, operation, extent, frames});
    operation.onIssued(lengthBytes);
  }

  /** Frames or grant entries come back with responses; a guest that has nothing out has to do with those it has. */
  private issueShorter(operation: Operation, lane: Lane, segments: number): boolean {
    if (this.inFlight > 0) return false;
    if (segments > 1) return this.issueData(operation, lane, segments >> 1);
    operation.error = 'ENOMEM';
    return true;
  }

  private onDone(lane: Lane, {operation, frames, extent: {offset, lengthBytes}}: Part): void {
    const sectors = lengthBytes / SECTOR_BYTES;
    if (operation.kind === BLKIF_OP_WRITE) this.stats.writtenSectors += sectors;
    if (operation.kind !== BLKIF_OP_READ) return;
    this.stats.readSectors += sectors;
    lane.frames.drain(frames, operation.data.subarray(offset, offset + lengthBytes));
  }

  private onFailed(operation: Operation, status: number): void {
    this.stats.errors++;
    const isUnsupported = status === BLKIF_RSP_EOPNOTSUPP;
    // There is nothing that a backend without any kind of flush would have to flush.
    if (isUnsupported && operation.kind === BLKIF_OP_FLUSH_DISKCACHE) return;
    if (isUnsupported) this.unsupported.add(operation.kind);
    operation.error ??= isUnsupported ? 'EOPNOTSUPP' : 'EIO';
  }

  /** A flush that the backend does not know after all is tried as a barrier, if that is offered. */
  private flushOtherwise({operation, extent}: Part): boolean {
    const {flushOperation} = this;
    if (operation.kind !== BLKIF_OP_FLUSH_DISKCACHE || flushOperation === undefined) return false;
    this.unsupported.add(flushOperation);
    if (this.flushOperation === undefined) return false;
    operation.takeBack(extent);
    this.waiting.unshift(operation);
    return true;
  }
}
