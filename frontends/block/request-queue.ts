import {
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_OKAY,
} from '../../hypervisor/abi/io/blkif.ts';
import type {Gfn} from '../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {DeviceIoError} from '../api.ts';
import {FramePool} from './frame-pool.ts';
import type {Operation} from './operation.ts';
import {type BlockRing, LAST_SECT} from './ring.ts';
import {type BlockFrontStats, newStats} from './stats.ts';

const SECTOR_BYTES = 512;
const MAX_REQUEST_BYTES = BLKIF_MAX_SEGMENTS_PER_REQUEST * PAGE_SIZE;
/** Calls that may wait for room on the ring. */
const MAX_QUEUED = 65536;

/** One request on the ring. */
interface Part {
  readonly operation: Operation;
  readonly frames: readonly Gfn[];
  /** Of the operation's data. */
  readonly offset: number;
  readonly lengthBytes: number;
}

const NO_FRAMES: readonly Gfn[] = [];

/** Splits operations into requests, in the order they came, keeps what the ring has no room for, adds up the answers. */
export class RequestQueue {
  readonly stats: BlockFrontStats = newStats();
  /** Operations that the backend turned out not to know. @see blkif.h, BLKIF_RSP_EOPNOTSUPP */
  readonly unsupported = new Set<number>();
  private readonly disk: string;
  private readonly ring: BlockRing;
  private readonly frames: FramePool;
  private readonly waiting: Operation[] = [];
  /** By tag. */
  private readonly parts: (Part | undefined)[];
  private readonly freeTags: number[];

  constructor(disk: string, ops: HypervisorOps, ring: BlockRing) {
    this.disk = disk;
    this.ring = ring;
    this.frames = new FramePool(ops);
    this.parts = new Array<Part | undefined>(ring.entries).fill(undefined);
    this.freeTags = Array.from(this.parts, (_, i) => ring.entries - 1 - i);
  }

  get length(): number {
    return this.waiting.length;
  }

  run(operation: Operation): Promise<void> {
    if (this.waiting.length >= MAX_QUEUED)
      return Promise.reject(new DeviceIoError('EBUSY', `${this.disk}: queue full`));
    this.waiting.push(operation);
    this.pump();
    return operation.promise;
  }

  /** A response came. `status` is BLKIF_RSP_*. */
  onComplete(tag: number, status: number): void {
    const part = this.parts[tag];
    if (part === undefined) throw new Error(`${this.disk}: completion of tag ${tag}, which is not out`);
    this.parts[tag] = undefined;
    this.freeTags.push(tag);
    const {operation, frames} = part;
    operation.onAnswered();
    if (status === BLKIF_RSP_OKAY) this.onDone(part);
    else this.onFailed(operation, status);
    this.frames.giveBack(frames);
    operation.settle(this.disk);
  }

  /** Puts on the ring what it has room for. */
  pump(): void {
    while (this.waiting.length > 0 && this.issue(this.waiting[0])) {
      const [head] = this.waiting;
      if (!head.isIssued) continue;
      this.waiting.shift();
      head.settle(this.disk);
    }
    this.ring.publish();
  }

  /** The ring has stopped: all that is not done fails. The ring keeps the frames of requests that are out. */
  close(): void {
    const lost = new Set(this.waiting);
    for (const part of this.parts) if (part !== undefined) lost.add(part.operation);
    this.waiting.length = 0;
    this.parts.fill(undefined);
    this.frames.release();
    for (const operation of lost) operation.fail(this.disk, 'ENODEV');
  }

  /** Makes the next request of an operation; false when it has to wait for responses. */
  private issue(operation: Operation): boolean {
    if (operation.isIssued) return true;
    if (this.ring.full) return false;
    if (operation.kind === BLKIF_OP_FLUSH_DISKCACHE) return this.issueFlush(operation);
    if (operation.kind === BLKIF_OP_DISCARD) return this.issueDiscard(operation);
    return this.issueData(operation);
  }

  /** A flush covers the writes that have ended, so it waits for those on the ring. */
  private issueFlush(operation: Operation): boolean {
    if (this.ring.inFlight > 0) return false;
    this.stats.flushes++;
    this.ring.submitFlush(this.note(operation, NO_FRAMES, 0));
    return true;
  }

  private issueDiscard(operation: Operation): boolean {
    const {position, lengthBytes} = operation;
    this.stats.discards++;
    const tag = this.note(operation, NO_FRAMES, lengthBytes);
    this.ring.submitDiscard(position / SECTOR_BYTES, lengthBytes / SECTOR_BYTES, tag);
    return true;
  }

  private issueData(operation: Operation): boolean {
    const {kind, position, data, issued} = operation;
    const lengthBytes = Math.min(MAX_REQUEST_BYTES, operation.lengthBytes - issued);
    const frames = this.frames.take(Math.ceil(lengthBytes / PAGE_SIZE));
    if (frames === undefined) return this.outOfMemory(operation);
    if (kind === BLKIF_OP_WRITE) this.frames.fill(frames, data.subarray(issued, issued + lengthBytes));
    const sector = (position + issued) / SECTOR_BYTES;
    const lastSect = (lengthBytes / SECTOR_BYTES - 1) & LAST_SECT;
    const tag = this.freeTags[this.freeTags.length - 1];
    if (!this.ring.submit(kind, sector, frames, frames.length, 0, lastSect, tag)) {
      this.frames.giveBack(frames);
      return this.outOfMemory(operation);
    }
    this.stats[kind === BLKIF_OP_READ ? 'reads' : 'writes']++;
    this.note(operation, frames, lengthBytes);
    return true;
  }

  /** Remembers the request of the next free tag, and returns that. There are as many tags as slots in the ring. */
  private note(operation: Operation, frames: readonly Gfn[], lengthBytes: number): number {
    const tag = this.freeTags.pop();
    if (tag === undefined) throw new Error(`${this.disk}: more requests than slots`);
    this.parts[tag] = {operation, frames, offset: operation.issued, lengthBytes};
    operation.onIssued(lengthBytes);
    return tag;
  }

  /** Frames or grant entries come back with responses; a guest that has nothing out will not get any. */
  private outOfMemory(operation: Operation): boolean {
    if (this.ring.inFlight > 0) return false;
    operation.error = 'ENOMEM';
    return true;
  }

  private onDone({operation, frames, offset, lengthBytes}: Part): void {
    const sectors = lengthBytes / SECTOR_BYTES;
    if (operation.kind === BLKIF_OP_WRITE) this.stats.writtenSectors += sectors;
    if (operation.kind !== BLKIF_OP_READ) return;
    this.stats.readSectors += sectors;
    this.frames.drain(frames, operation.data.subarray(offset, offset + lengthBytes));
  }

  private onFailed(operation: Operation, status: number): void {
    this.stats.errors++;
    const unsupported = status === BLKIF_RSP_EOPNOTSUPP;
    if (unsupported) this.unsupported.add(operation.kind);
    // There is nothing that a backend without a cache would have to flush.
    if (unsupported && operation.kind === BLKIF_OP_FLUSH_DISKCACHE) return;
    operation.error ??= unsupported ? 'EOPNOTSUPP' : 'EIO';
  }
}
