import {CHECK_CONDITION, type DataDirection} from './target/index.ts';

/** Since the device was there, over all its units. */
export interface ScsiStatistics {
  /** Commands that a unit has answered, and those that it answered with CHECK CONDITION. */
  commands: number;
  checkConditions: number;
  readBytes: number;
  writtenBytes: number;
  aborts: number;
  resets: number;
  /** Requests that came to no unit: malformed, or to an address where none is. */
  errors: number;
}

export class ScsiMeter {
  readonly counters: ScsiStatistics = {
    commands: 0,
    checkConditions: 0,
    readBytes: 0,
    writtenBytes: 0,
    aborts: 0,
    resets: 0,
    errors: 0,
  };

  count(direction: DataDirection, status: number, bytes: number): void {
    const {counters} = this;
    counters.commands++;
    if (status === CHECK_CONDITION) counters.checkConditions++;
    if (direction === 'out') counters.writtenBytes += bytes;
    else counters.readBytes += bytes;
  }
}
