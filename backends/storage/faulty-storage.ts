import {EIO} from '../../hypervisor/errno.ts';
import type {TaskQueue} from '../../hypervisor/schedule/index.ts';
import {type IoVector, slice} from './io-vector.ts';
import {type Completion, PENDING, SECTOR_BYTES, type Storage} from './storage.ts';

/** What goes wrong with a disk; chances are 0..1 for each operation. */
export interface StorageFaults {
  /** Nothing is done, and EIO. */
  error: number;
  /** The first sectors of a read are there, and no more: fewer bytes than were asked for. */
  shortRead: number;
  /** The first sectors of a write are on the disk, and EIO: a writer must take the rest as it was, or as new. */
  tornWrite: number;
  /** Operations take so long, drawn evenly from 0 to this; 0: as long as the disk does. */
  maxLatencyNs: number;
}

const none: StorageFaults = {error: 0, shortRead: 0, tornWrite: 0, maxLatencyNs: 0};
const U32 = 2 ** 32;

/** A disk that fails as disks do, by the seed of a schedule: for simulations. */
export class FaultyStorage implements Storage {
  readonly sizeBytes: number;
  readonly readonly: boolean;
  readonly discardGranularity: number;
  /** May be changed at any time. */
  faults: StorageFaults;
  private readonly disk: Storage;
  private readonly schedule: TaskQueue;

  constructor(disk: Storage, schedule: TaskQueue, faults: Partial<StorageFaults> = {}) {
    this.disk = disk;
    this.schedule = schedule;
    this.faults = {...none, ...faults};
    this.sizeBytes = disk.sizeBytes;
    this.readonly = disk.readonly;
    this.discardGranularity = disk.discardGranularity;
  }

  read(vector: IoVector, position: number, completion: Completion): number {
    if (this.hit(this.faults.error)) return this.late(completion, () => -EIO);
    const length = this.hit(this.faults.shortRead) ? this.partOf(vector) : vector.lengthBytes;
    return this.late(completion, (end) => (length === 0 ? 0 : this.disk.read(slice(vector, 0, length), position, end)));
  }

  write(vector: IoVector, position: number, completion: Completion): number {
    if (this.hit(this.faults.error)) return this.late(completion, () => -EIO);
    if (!this.hit(this.faults.tornWrite)) {
      return this.late(completion, (end) => this.disk.write(vector, position, end));
    }
    const length = this.partOf(vector);
    const fail = (end: Completion): Completion => ({complete: () => end.complete(-EIO)});
    return this.late(completion, (end) => {
      const result = length === 0 ? 0 : this.disk.write(slice(vector, 0, length), position, fail(end));
      return result === PENDING ? PENDING : -EIO;
    });
  }

  flush(completion: Completion): number {
    if (this.hit(this.faults.error)) return this.late(completion, () => -EIO);
    return this.late(completion, (end) => this.disk.flush(end));
  }

  discard(position: number, length: number, completion: Completion): number {
    if (this.hit(this.faults.error)) return this.late(completion, () => -EIO);
    return this.late(completion, (end) => this.disk.discard(position, length, end));
  }

  close(): void {
    this.disk.close();
  }

  toString(): string {
    return `${String(this.disk)}, faulty`;
  }

  private late(completion: Completion, operation: (completion: Completion) => number): number {
    const {maxLatencyNs} = this.faults;
    if (maxLatencyNs === 0) return operation(completion);
    this.schedule.after((this.schedule.random() / U32) * maxLatencyNs, () => {
      const result = operation(completion);
      if (result !== PENDING) completion.complete(result);
    });
    return PENDING;
  }

  private hit(chance: number): boolean {
    return chance > 0 && this.schedule.random() / U32 < chance;
  }

  /** Bytes of some whole sectors, fewer than all. */
  private partOf({lengthBytes}: IoVector): number {
    return (this.schedule.random() % (lengthBytes / SECTOR_BYTES)) * SECTOR_BYTES;
  }
}
