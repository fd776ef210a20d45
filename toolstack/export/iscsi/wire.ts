import type {Socket} from 'node:net';
import type {ExactReader} from '../../../backends/storage/nbd/index.ts';
import {BHS_BYTES, dataLength, padded, type Pdu, wireParts} from './pdu.ts';
import {MAX_DATA_SEGMENT} from './parameters.ts';

/** Additional header segments that are taken, in words. */
const MAX_AHS_WORDS = 64;

/** PDUs over one connection, without digests. */
export class Wire {
  private readonly socket: Socket;
  private readonly reader: ExactReader;
  private draining: Promise<void> | undefined;

  constructor(socket: Socket, reader: ExactReader) {
    this.socket = socket;
    this.reader = reader;
  }

  /** @throws for a PDU that is too long, and when the connection ends */
  async receive(): Promise<Pdu> {
    const head = await this.reader.read(BHS_BYTES);
    const length = dataLength(head);
    if (head[4] > MAX_AHS_WORDS || length > MAX_DATA_SEGMENT) throw new Error('a PDU that is too long');
    const ahs = await this.reader.read(head[4] * 4);
    const data = await this.reader.read(padded(length));
    return {head, ahs, data: data.subarray(0, length)};
  }

  /** Resolves when the peer can take more. */
  async send(head: Buffer, data: Uint8Array = Buffer.alloc(0)): Promise<void> {
    const {socket} = this;
    if (socket.destroyed) return;
    socket.cork();
    for (const part of wireParts(head, data)) socket.write(part);
    socket.uncork();
    if (socket.writableNeedDrain) await this.drained();
  }

  /** All who wait share one promise. */
  private drained(): Promise<void> {
    const {socket} = this;
    this.draining ??= new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        this.draining = undefined;
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
    return this.draining;
  }
}
