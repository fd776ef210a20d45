import {type Observable, Subject} from 'rxjs';
import {ByteQueue} from '../../../hypervisor/byte-queue.ts';
import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {type ConsoleLimits, defaultConsoleLimits} from '../../console/index.ts';

/** What the line counts. */
export interface SerialLineStats {
  outBytes: number;
  inBytes: number;
  /** Input that was refused because too much waited. */
  droppedInputBytes: number;
}

/** The terminal's end of a serial line, as dom0 has it: what the guest says, and what is typed at it. */
export class SerialLine {
  private readonly schedule: TaskQueue;
  private readonly onInput: () => void;
  private readonly counts: SerialLineStats = {outBytes: 0, inBytes: 0, droppedInputBytes: 0};
  private readonly chunks = new Subject<Uint8Array>();
  /** Output of this turn. */
  private readonly said: ByteQueue;
  private readonly kept: ByteQueue;
  private readonly typed: ByteQueue;
  private readonly one = new Uint8Array(1);

  /** `onInput`: there is something to take. */
  constructor(schedule: TaskQueue, onInput: () => void, limits: ConsoleLimits = defaultConsoleLimits) {
    this.schedule = schedule;
    this.onInput = onInput;
    this.said = new ByteQueue(limits.bytesPerEvent);
    this.kept = new ByteQueue(limits.scrollbackBytes);
    this.typed = new ByteQueue(limits.inputBytes);
  }

  /** What the guest writes, a chunk an event. */
  get output(): Observable<Uint8Array> {
    return this.chunks.asObservable();
  }

  /** The last output, up to the limit. */
  get scrollback(): Uint8Array {
    return this.kept.toBytes();
  }

  /** Input that no UART has taken yet. */
  get waitingBytes(): number {
    return this.typed.length;
  }

  stats(): Readonly<SerialLineStats> {
    return {...this.counts};
  }

  /** Types at the guest. Returns the bytes taken: less than given when it does not read. */
  write(bytes: Uint8Array): number {
    const taken = this.typed.push(bytes);
    this.counts.inBytes += taken;
    this.counts.droppedInputBytes += bytes.length - taken;
    this.onInput();
    return taken;
  }

  /** The next character for the UART; there has to be one. */
  take(): number {
    const [character] = this.typed.head();
    this.typed.skip(1);
    return character;
  }

  /** A character from the UART. Those of one turn make one event. */
  put(character: number): void {
    this.counts.outBytes++;
    if (this.said.length === this.said.limit) this.deliver();
    if (this.said.length === 0) this.schedule.post(this.deliver);
    this.one[0] = character;
    this.said.push(this.one);
  }

  private readonly deliver = (): void => {
    const bytes = this.said.toBytes();
    if (bytes.length === 0) return;
    this.said.skip(bytes.length);
    this.kept.pushOver(bytes);
    this.chunks.next(bytes);
  };
}
