import type {Socket} from 'node:net';
import {MESSAGE_BYTES_MAX} from './protocol.ts';

/** An error response. @see JSON-RPC 2.0, "Error object" */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor({code, message, data}: {code: number; message: string; data?: unknown}) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

interface Incoming {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: {code: number; message: string; data?: unknown};
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

const HEADER_END = '\r\n\r\n';

/**
 * A client's end of JSON-RPC over a connected socket, framed as in the Language Server Protocol's base. It does what the
 * library at the other end would do for it, and loads in no time: every xl starts with it.
 */
export class RpcClient {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #handlers = new Map<string, (params: unknown) => void>();
  #unread: Buffer = Buffer.alloc(0);
  #nextId = 1;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => {});
    socket.once('close', () => {
      for (const pending of this.#pending.values()) pending.reject(new Error('the connection has ended'));
      this.#pending.clear();
    });
  }

  /** @throws RpcError for an error response; another Error when the connection ends before there is one */
  request(method: string, params: unknown): Promise<unknown> {
    if (this.#socket.destroyed) return Promise.reject(new Error('the connection has ended'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {resolve, reject});
      this.#write({id, method, params});
    });
  }

  /** Resolves when it has gone out, or cannot any more. */
  notify(method: string, params: unknown): Promise<void> {
    return new Promise((resolve) => this.#write({method, params}, resolve));
  }

  onNotification(method: string, handler: (params: unknown) => void): void {
    this.#handlers.set(method, handler);
  }

  #write(message: object, done?: () => void): void {
    const body = JSON.stringify({jsonrpc: '2.0', ...message});
    this.#socket.write(`Content-Length: ${Buffer.byteLength(body)}${HEADER_END}${body}`, () => done?.());
  }

  #read(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    for (;;) {
      const headerEnd = this.#unread.indexOf(HEADER_END);
      if (headerEnd === -1) return;
      const [, length] = /^Content-Length: *(\d+)\r?$/im.exec(this.#unread.toString('latin1', 0, headerEnd)) ?? [];
      const bodyStart = headerEnd + HEADER_END.length;
      const bodyEnd = bodyStart + Number(length);
      if (!(bodyEnd - bodyStart <= MESSAGE_BYTES_MAX)) return void this.#socket.destroy();
      if (this.#unread.length < bodyEnd) return;
      const body = this.#unread.toString('utf8', bodyStart, bodyEnd);
      this.#unread = this.#unread.subarray(bodyEnd);
      this.#take(JSON.parse(body) as Incoming);
    }
  }

  #take({id, method, params, result, error}: Incoming): void {
    if (method !== undefined) return this.#handlers.get(method)?.(params);
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (id === undefined || pending === undefined) return;
    this.#pending.delete(id);
    if (error === undefined) pending.resolve(result);
    else pending.reject(new RpcError(error));
  }
}
