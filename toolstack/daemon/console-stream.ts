import type {Observable, Subscription} from 'rxjs';

/** Output kept for a client that reads slowly. Xenconsoled, too, drops the oldest then. */
const BACKLOG_BYTES_MAX = 1024 * 1024;
const NOTIFICATION_BYTES_MAX = 48 * 1024;

export interface ConsoleStreamOptions {
  output: Observable<Uint8Array>;
  /** Emits when the domain is gone. */
  gone: Observable<unknown>;
  /** Resolves when the client's socket has taken the data. */
  send: (data: string) => Promise<void>;
  /** All output has been sent. */
  closed: () => void;
}

/** One client's view of one console: sends what comes as fast as the client takes it. */
export class ConsoleStream {
  readonly #options: ConsoleStreamOptions;
  readonly #subscription: Subscription;
  #backlog: Uint8Array[] = [];
  #backlogBytes = 0;
  #lostBytes = 0;
  #sending = false;
  #ended = false;

  constructor(options: ConsoleStreamOptions) {
    this.#options = options;
    const end = (): void => this.#end();
    this.#subscription = options.gone.subscribe(end);
    this.#subscription.add(options.output.subscribe({next: (bytes) => this.#push(bytes), error: end, complete: end}));
  }

  close(): void {
    this.#subscription.unsubscribe();
    this.#backlog = [];
    this.#backlogBytes = 0;
  }

  #push(bytes: Uint8Array): void {
    // The bytes may be a window over memory that changes.
    this.#backlog.push(Uint8Array.from(bytes));
    this.#backlogBytes += bytes.length;
    while (this.#backlogBytes > BACKLOG_BYTES_MAX) {
      const {length} = this.#backlog.shift() ?? new Uint8Array();
      this.#backlogBytes -= length;
      this.#lostBytes += length;
    }
    void this.#pump();
  }

  /** The domain's last words may come in the same turn as its end: they are waited for. */
  #end(): void {
    setImmediate(() => {
      this.#ended = true;
      void this.#pump();
    });
  }

  async #pump(): Promise<void> {
    if (this.#sending || this.#subscription.closed) return;
    this.#sending = true;
    try {
      while (this.#backlog.length > 0) await this.#options.send(this.#take());
      if (this.#ended) this.#finish();
    } catch {
      // The client is gone.
      this.close();
    } finally {
      this.#sending = false;
    }
  }

  #finish(): void {
    if (this.#subscription.closed) return;
    this.close();
    this.#options.closed();
  }

  #take(): string {
    const parts: Uint8Array[] = [];
    if (this.#lostBytes > 0) parts.push(Buffer.from(`\r\n[${this.#lostBytes} bytes of output lost]\r\n`));
    this.#lostBytes = 0;
    let length = 0;
    while (this.#backlog.length > 0 && length < NOTIFICATION_BYTES_MAX) {
      const part = this.#backlog.shift() as Uint8Array;
      parts.push(part);
      length += part.length;
    }
    this.#backlogBytes -= length;
    return Buffer.concat(parts).toString('base64');
  }
}
