import {type ByteMemory, type Completion, IoVector, SECTOR_BYTES, type Storage} from '../storage/index.ts';
import {MAX_INDIRECT_SEGMENTS} from './features.ts';
import type {InFlight} from './in-flight.ts';

/**
 * A transfer of this size takes no further request: longer calls gain nothing, and the grants of the first requests
 * would have left the processor's cache by the time they are given back.
 */
const FULL_BYTES = 128 * 1024;
/** A transfer that is not full yet, of single sectors, and one request behind it. */
const MAX_PIECES = FULL_BYTES / SECTOR_BYTES + MAX_INDIRECT_SEGMENTS;

/**
 * Requests of one direction that follow each other on the disk, done by one call of the storage: what a kernel's block
 * layer makes of a batch before it reaches the disk.
 */
export class Transfer implements Completion {
  readonly vector: IoVector;
  /** In-flight requests that share it, in the order of the disk. */
  readonly slots: Uint16Array;
  slotCount = 0;
  private write = false;
  /** First byte on the disk. */
  private position = 0;
  private readonly onComplete: (transfer: Transfer, result: number) => void;

  constructor(memory: ByteMemory, maxRequests: number, onComplete: (transfer: Transfer, result: number) => void) {
    this.vector = new IoVector(memory, MAX_PIECES);
    this.slots = new Uint16Array(maxRequests);
    this.onComplete = onComplete;
  }

  begin(write: boolean, position: number): void {
    this.vector.clear();
    this.slotCount = 0;
    this.write = write;
    this.position = position;
  }

  /** Whether a request that begins at `position` can be added. */
  isFollowedBy(write: boolean, position: number): boolean {
    const {lengthBytes} = this.vector;
    return write === this.write && position === this.position + lengthBytes && lengthBytes < FULL_BYTES;
  }

  add(slot: number, inFlight: InFlight): void {
    this.slots[this.slotCount++] = slot;
    inFlight.addTo(this.vector, slot);
  }

  run(storage: Storage): number {
    const {vector, position} = this;
    return this.write ? storage.write(vector, position, this) : storage.read(vector, position, this);
  }

  complete(result: number): void {
    this.onComplete(this, result);
  }
}
