import type {Socket} from 'node:net';
import {
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageConnection,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-jsonrpc/node';
import {MESSAGE_BYTES_MAX} from './protocol.ts';

/** Messages that were read and not yet handled; the socket waits until half of them are done. */
const BACKLOG_MAX = 256;

/** The library's reader takes what comes; this one drops a peer whose message never ends and slows one that floods us. */
class BoundedReader extends SocketMessageReader {
  readonly #socket: Socket;
  #unreadBytes = 0;
  #backlog = 0;

  constructor(socket: Socket) {
    super(socket);
    this.#socket = socket;
    // Its timer for messages that come in parts would go on after the socket has closed, for ever.
    this.partialMessageTimeout = 0;
    socket.on('data', (chunk: Buffer) => {
      this.#unreadBytes += chunk.length;
      if (this.#unreadBytes > MESSAGE_BYTES_MAX) socket.destroy();
    });
  }

  override listen(callback: DataCallback): Disposable {
    return super.listen((message) => {
      this.#unreadBytes = 0;
      if (++this.#backlog === BACKLOG_MAX) this.#socket.pause();
      callback(message);
    });
  }

  handled(): void {
    if (--this.#backlog === BACKLOG_MAX / 2) this.#socket.resume();
  }
}

/**
 * JSON-RPC over a connected Unix socket. Whatever is not the protocol ends the connection; errors of the socket are
 * its end and nothing more.
 */
export const connectionOver = (socket: Socket): MessageConnection => {
  const reader = new BoundedReader(socket);
  const handleMessage = (message: Message, next: (message: Message) => void | Promise<void>): void | Promise<void> => {
    reader.handled();
    return next(message);
  };
  const connection = createMessageConnection(reader, new SocketMessageWriter(socket), undefined, {
    messageStrategy: {handleMessage},
  });
  socket.on('error', () => {});
  connection.onError(() => socket.destroy());
  connection.onClose(() => connection.dispose());
  return connection;
};
