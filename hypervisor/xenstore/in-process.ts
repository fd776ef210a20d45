import type {ByteString} from './byte-string.ts';
import type {Connection, Outlet} from './connection.ts';
import type {Reply} from './request.ts';
import type {XsReceiver, XsTransport} from './transport.ts';
import type {XsMessage, XsType} from './wire.ts';

/** What an in-process connection asks of the store. */
export interface InProcessHost {
  dispatch(connection: Connection, message: XsMessage): void;
  request(connection: Connection, type: number, txId: number, payload: ByteString): Reply;
  flush(): void;
  drop(connection: Connection): void;
  defer(task: () => void): void;
}

/**
 * A connection of the host's own code. A request takes effect during the call; messages reach the receiver later, in order,
 * by a deferred task. {@link request} answers at once: only events go to the receiver then.
 */
export class InProcessConnection implements XsTransport, Outlet {
  private readonly host: InProcessHost;
  private readonly connection: Connection;
  private receiver: XsReceiver | undefined;
  private draining = false;
  private open = true;

  constructor(host: InProcessHost, connection: Connection) {
    this.host = host;
    this.connection = connection;
    connection.outlet = this;
  }

  receive(receiver: XsReceiver): void {
    this.receiver = receiver;
  }

  send(message: XsMessage): void {
    if (!this.open) return;
    this.host.dispatch(this.connection, message);
    this.host.flush();
  }

  /** Asks and answers in one call: the reply's payload, or the refusal. */
  request(type: XsType, txId: number, payload: ByteString): Reply {
    const reply = this.host.request(this.connection, type, txId, payload);
    this.host.flush();
    return reply;
  }

  close(): void {
    if (this.open) this.host.drop(this.connection);
  }

  wake(): void {
    if (this.draining) return;
    this.draining = true;
    this.host.defer(() => this.drain());
  }

  dropped(): void {
    this.open = false;
    this.receiver?.onClose();
  }

  toString(): string {
    return this.connection.toString();
  }

  /** Delivers what is queued now; what that leads to waits for the next turn. */
  private drain(): void {
    this.draining = false;
    const {queue} = this.connection;
    for (let left = queue.length; left > 0; left--) {
      const message = queue.shift();
      if (message === undefined) return;
      this.receiver?.onMessage(message);
    }
    this.host.flush();
    if (!queue.isEmpty) this.wake();
  }
}
