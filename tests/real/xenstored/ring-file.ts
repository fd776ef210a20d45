import {closeSync, openSync, readSync, writeSync} from 'node:fs';
import {
  encodeMessage,
  MessageAssembler,
  type XsMessage,
  type XsReceiver,
  type XsTransport,
} from '../../../hypervisor/xenstore/index.ts';

/** @see xs_wire.h, struct xenstore_domain_interface */
const RING_BYTES = 1024;
const RSP = 1024;
const REQ_CONS = 2048;
const REQ_PROD = 2052;
const RSP_CONS = 2056;
const RSP_PROD = 2060;

/** A guest's end of a ring page that lies in a file, which another process has mapped. */
export class RingFile implements XsTransport {
  private readonly fd: number;
  private readonly kick: () => void;
  private readonly incoming = new MessageAssembler();
  private readonly word = new Uint32Array(1);
  private outgoing: Uint8Array = new Uint8Array(0);
  private receiver: XsReceiver | undefined;
  private open = true;

  constructor(path: string, kick: () => void) {
    this.fd = openSync(path, 'r+');
    this.kick = kick;
  }

  receive(receiver: XsReceiver): void {
    this.receiver = receiver;
  }

  send(message: XsMessage): void {
    this.outgoing = Buffer.concat([this.outgoing, encodeMessage(message)]);
    this.onEvent();
  }

  onEvent(): void {
    if (!this.open) return;
    const taken = this.take();
    if (this.put() || taken) this.kick();
  }

  close(): void {
    if (this.open) closeSync(this.fd);
    this.open = false;
  }

  private put(): boolean {
    const prod = this.get(REQ_PROD);
    const space = RING_BYTES - ((prod - this.get(REQ_CONS)) >>> 0);
    const size = Math.min(space, this.outgoing.length);
    for (let done = 0; done < size;) {
      const at = (prod + done) % RING_BYTES;
      done += writeSync(this.fd, this.outgoing, done, Math.min(size - done, RING_BYTES - at), at);
    }
    this.outgoing = this.outgoing.subarray(size);
    if (size > 0) this.set(REQ_PROD, prod + size);
    return size > 0;
  }

  private take(): boolean {
    const cons = this.get(RSP_CONS);
    const bytes = new Uint8Array((this.get(RSP_PROD) - cons) >>> 0);
    for (let done = 0; done < bytes.length;) {
      const at = (cons + done) % RING_BYTES;
      done += readSync(this.fd, bytes, done, Math.min(bytes.length - done, RING_BYTES - at), RSP + at);
    }
    this.set(RSP_CONS, cons + bytes.length);
    for (let at = 0; at < bytes.length;) {
      at = this.incoming.feed(bytes, at, bytes.length);
      const message = this.incoming.take();
      if (message !== undefined) this.receiver?.onMessage(message);
    }
    return bytes.length > 0;
  }

  private get(field: number): number {
    readSync(this.fd, this.word, 0, 4, field);
    return this.word[0];
  }

  private set(field: number, value: number): void {
    this.word[0] = value;
    writeSync(this.fd, this.word, 0, 4, field);
  }
}
