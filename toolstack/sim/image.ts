import {FaultyStorage, IoVector, RamImage, type Storage, StorageError} from '../../backends/storage/index.ts';
import type {TaskQueue} from '../../hypervisor/schedule/index.ts';
import {MAX_LATENCY_NS, type Rates} from './profiles.ts';

/** A disk of RAM that outlasts its backends; one has it open at a time. */
export class Image {
  private readonly ram: RamImage;
  private readonly sizeBytes: number;
  private isOpen = false;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.ram = new RamImage(sizeBytes);
  }

  open(schedule: TaskQueue, rates: Rates): Storage | StorageError {
    if (this.isOpen) return new StorageError('busy', 'in use');
    this.isOpen = true;
    const faulty = new FaultyStorage(this.ram, schedule, {
      error: rates.diskError,
      shortRead: rates.shortRead,
      tornWrite: rates.tornWrite,
      maxLatencyNs: rates.slowDisk * MAX_LATENCY_NS,
    });
    faulty.close = () => (this.isOpen = false);
    return faulty;
  }

  get bytes(): Uint8Array {
    const u8 = new Uint8Array(this.sizeBytes);
    const vector = new IoVector({u8}, 1);
    vector.add(0, this.sizeBytes);
    this.ram.read(vector, 0);
    return u8;
  }
}
