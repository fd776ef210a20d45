import {IoVector} from '../../storage/index.ts';
import type {DataDirection, Nexus, ScsiCommand, ScsiResult} from '../../scsi/target/index.ts';

/** What names a command among those of one initiator. */
export interface ProcessAddress {
  readonly id: number;
  readonly lun: number;
  /** Undefined: it is the only one of its unit. */
  readonly tag: number | undefined;
}

/** A command from its CDB to its status, with the target's buffer and the place that the bus has got to in it. */
export class IoProcess implements ScsiCommand {
  readonly address: ProcessAddress;
  readonly nexus: Nexus;
  readonly cdb: Uint8Array;
  readonly direction: DataDirection;
  readonly data: IoVector;
  /** How it ended; undefined as long as it has not. */
  result: ScsiResult | undefined;
  /** The unit has it. */
  isStarted = false;
  /** Ended by a message or a reset: what the unit still says of it is not for the bus. */
  isDropped = false;
  private readonly buffer: Uint8Array;
  private moved = 0;

  constructor(address: ProcessAddress, nexus: Nexus, cdb: Uint8Array, direction: DataDirection, bytes: number) {
    this.address = address;
    this.nexus = nexus;
    this.cdb = cdb;
    this.direction = direction;
    this.buffer = new Uint8Array(bytes);
    this.data = new IoVector({u8: this.buffer}, 1);
    if (bytes > 0) this.data.add(0, bytes);
  }

  get lun(): number {
    return this.address.lun;
  }

  /** The unit waits for it, and the initiator has not sent it all. */
  get wantsData(): boolean {
    return this.direction === 'out' && this.moved < this.buffer.length;
  }

  /** There is something for the initiator. */
  get hasData(): boolean {
    return this.direction === 'in' && this.moved < this.answerBytes;
  }

  /** The next bytes on the bus, `max` at most: to be read, or to be filled. */
  next(max: number): Uint8Array {
    const end = this.direction === 'in' ? this.answerBytes : this.buffer.length;
    const from = this.moved;
    this.moved = Math.min(end, from + max);
    return this.buffer.subarray(from, this.moved);
  }

  /** Answers it with bytes that are not the unit's. Returns how many there was room for. */
  fill(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.buffer.length);
    this.buffer.set(taken);
    return taken.length;
  }

  private get answerBytes(): number {
    return Math.min(this.buffer.length, this.result?.transferBytes ?? 0);
  }
}
