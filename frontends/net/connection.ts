import {ControlRing} from './control-ring.ts';
import {NetQueue, type QueueOptions} from './queue.ts';

export interface ConnectionOptions extends QueueOptions {
  queues: number;
  /** With a control ring. */
  hasControl: boolean;
}

/** Queues, and the control ring if there is one, of one connection to a backend. */
export class NetConnection {
  readonly queues: readonly NetQueue[];
  readonly control: ControlRing | undefined;

  /** DeviceError when pages, grants or ports have run out; nothing stays held then. */
  constructor(options: ConnectionOptions) {
    const queues: NetQueue[] = [];
    this.queues = queues;
    try {
      while (queues.length < options.queues) queues.push(new NetQueue(options));
      if (options.hasControl) this.control = new ControlRing(options);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Posts receive pages and listens. */
  start(): void {
    for (const queue of this.queues) queue.start();
    this.control?.start();
  }

  /** Publishes the requests made on the transmit rings. */
  flush(): void {
    for (const queue of this.queues) queue.flush();
  }

  /** Stops. Pages that the backend still holds go to the keeper. */
  close(): void {
    for (const queue of this.queues) queue.close();
    this.control?.close();
  }

  toString(): string {
    return this.queues.join('; ');
  }
}
