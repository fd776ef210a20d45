/** Bytes that a device keeps for a host that does not read. */
export const QUEUE_BYTES = 16;

const ACK = 0xfa;
const RESEND = 0xfe;

/** A command that a device knows. */
export interface Ps2Command {
  /** Returns what follows the acknowledgement. */
  readonly run: (parameter: number) => readonly number[] | void;
  /** It is followed by a parameter of at most this; a greater byte is taken for another command. */
  readonly maxParameter?: number;
  /** What it returns is the whole answer. */
  readonly isBare?: true;
}

/** What keyboard and mouse have in common: bytes to the host, and commands from it, which are acknowledged. */
export abstract class Ps2Device {
  /** Bytes of events that found no room. */
  lostBytes = 0;
  protected abstract readonly commands: Readonly<Record<number, Ps2Command>>;
  private readonly onData: () => void;
  private replies: readonly number[] = [];
  private events: readonly number[] = [];
  private waiting: Ps2Command | undefined;
  private last = 0;

  /** `onData`: there is something to take. */
  constructor(onData: () => void) {
    this.onData = onData;
  }

  get hasData(): boolean {
    return this.replies.length + this.events.length > 0;
  }

  /** The next byte for the host; there has to be one. Answers come before events. */
  take(): number {
    const fromReplies = this.replies.length > 0;
    const [byte, ...rest] = fromReplies ? this.replies : this.events;
    if (fromReplies) this.replies = rest;
    else this.events = rest;
    this.last = byte;
    return byte;
  }

  /** A byte from the host. A new command ends the answer to the one before. */
  write(byte: number): void {
    this.replies = this.answer(byte);
    this.onData();
  }

  abstract reset(): void;

  /** Queues the bytes of an event, all or none. */
  protected queue(bytes: readonly number[]): boolean {
    if (!this.hasRoom(bytes.length)) return false;
    this.events = [...this.events, ...bytes];
    this.onData();
    return true;
  }

  protected hasRoom(bytes: number): boolean {
    return this.events.length + bytes <= QUEUE_BYTES;
  }

  protected forgetEvents(): void {
    this.events = [];
  }

  /** Back to what it was when the power came on. */
  protected clear(): void {
    this.forgetEvents();
    this.replies = [];
    this.waiting = undefined;
  }

  /** RESEND: what was taken last. */
  protected repeatLast(): readonly number[] {
    return [this.last];
  }

  private answer(byte: number): readonly number[] {
    const {waiting} = this;
    this.waiting = undefined;
    if (waiting?.maxParameter !== undefined && byte <= waiting.maxParameter) return [ACK, ...(waiting.run(byte) ?? [])];
    const command = this.commands[byte] as Ps2Command | undefined;
    if (command === undefined) return [RESEND];
    if (command.maxParameter !== undefined) {
      this.waiting = command;
      return [ACK];
    }
    const data = command.run(0) ?? [];
    return command.isBare === true ? data : [ACK, ...data];
  }
}
