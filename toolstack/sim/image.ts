import {FaultyStorage, IoVector, RamImage, type Storage, StorageError} from '../../backends/storage/index.ts';
import type {TaskQueue} from '../../hypervisor/schedule/index.ts';
import {MAX_LATENCY_NS, type Rates} from './profiles.ts';

/** A disk of RAM that outlasts its backends; one has it open at a time. */
export class Image {
  private readonly ram: RamImage;
  private readonly sizeBytes: number;
  private readonly rates: Rates;
  private opened: FaultyStorage | undefined;

  /** `rates` may change at any time: see {@link followRates}. */
  constructor(sizeBytes: number, rates: Rates) {
    this.sizeBytes = sizeBytes;
    this.rates = rates;
    this.ram = new RamImage(sizeBytes);
  }

  open(schedule: TaskQueue): Storage | StorageError {
    if (this.opened !== undefined) return new StorageError('busy', 'in use');
    const faulty = new FaultyStorage(this.ram, schedule);
    faulty.close = () => (this.opened = undefined);
    this.opened = faulty;
    this.followRates();
    return faulty;
  }

  /** Some backend has not closed it yet. */
  get isOpen(): boolean {
    return this.opened !== undefined;
  }

  /** The rates have changed. */
  followRates(): void {
    if (this.opened === undefined) return;
    const {diskError: error, shortRead, tornWrite, slowDisk} = this.rates;
    this.opened.faults = {error, shortRead, tornWrite, maxLatencyNs: slowDisk * MAX_LATENCY_NS};
  }

  get bytes(): Uint8Array {
    const u8 = new Uint8Array(this.sizeBytes);
    const vector = new IoVector({u8}, 1);
    vector.add(0, this.sizeBytes);
    this.ram.read(vector, 0);
    return u8;
  }
}
