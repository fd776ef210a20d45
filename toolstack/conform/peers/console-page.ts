import type {Domain, HypervisorOps} from '../../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';

/** @see console.h, struct xencons_interface: bytes from the start of the page. */
export const CONSOLE = {inCons: 3072, inProd: 3076, outCons: 3080, outProd: 3084} as const;

export const IN_BYTES = 1024;
export const OUT_BYTES = 2048;
const OUT_AT = 1024;

/** A console page and its event channel in the hands of a check: any bytes, any indexes, either end. */
export class ConsolePage {
  /** Events that the other end has sent. */
  events = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly ops: HypervisorOps;
  private readonly port: number;
  private readonly note: (what: string) => void;

  /** `ops` and `port` are of the end that the check plays. */
  constructor(owner: Domain, gfn: number, ops: HypervisorOps, port: number, note: (what: string) => void) {
    const {u8} = owner.memory;
    this.bytes = u8.subarray(gfn * PAGE_SIZE, (gfn + 1) * PAGE_SIZE);
    this.view = new DataView(u8.buffer, u8.byteOffset + gfn * PAGE_SIZE, PAGE_SIZE);
    this.ops = ops;
    this.port = port;
    this.note = note;
    ops.events(port).subscribe(() => this.events++);
  }

  get(field: keyof typeof CONSOLE): number {
    return this.view.getUint32(CONSOLE[field], true);
  }

  set(field: keyof typeof CONSOLE, value: number): void {
    this.note(`sets ${field} to ${value >>> 0}`);
    this.view.setUint32(CONSOLE[field], value >>> 0, true);
  }

  /** Starts both ends of both rings at an index. */
  startAt(index: number): void {
    for (const field of ['inCons', 'inProd', 'outCons', 'outProd'] as const) this.set(field, index);
  }

  /** Gives its end of the event channel up. */
  close(): void {
    this.ops.evtchnClose(this.port);
  }

  kick(): void {
    this.note('sends an event');
    this.ops.evtchnSend(this.port);
  }

  /** As a guest: says the bytes, which have to fit. */
  say(bytes: Uint8Array): void {
    const prod = this.get('outProd');
    bytes.forEach((byte, i) => (this.bytes[OUT_AT + ((prod + i) % OUT_BYTES)] = byte));
    this.set('outProd', prod + bytes.length);
  }

  /** As dom0: what stands on the output ring, one ring full at most. */
  get said(): Uint8Array {
    const cons = this.get('outCons');
    const length = Math.min((this.get('outProd') - cons) >>> 0, OUT_BYTES);
    return Uint8Array.from({length}, (_, i) => this.bytes[OUT_AT + ((cons + i) % OUT_BYTES)]);
  }

  /** As dom0: takes it. */
  takeSaid(): Uint8Array {
    const {said} = this;
    this.set('outCons', this.get('outProd'));
    return said;
  }

  /** As dom0: types the bytes, which have to fit. */
  type(bytes: Uint8Array): void {
    const prod = this.get('inProd');
    bytes.forEach((byte, i) => (this.bytes[(prod + i) % IN_BYTES] = byte));
    this.set('inProd', prod + bytes.length);
  }

  /** As a guest: takes what stands on the input ring, one ring full at most. */
  takeTyped(): Uint8Array {
    const cons = this.get('inCons');
    const length = Math.min((this.get('inProd') - cons) >>> 0, IN_BYTES);
    const typed = Uint8Array.from({length}, (_, i) => this.bytes[(cons + i) % IN_BYTES]);
    this.set('inCons', cons + length);
    return typed;
  }

  toString(): string {
    return Object.keys(CONSOLE)
      .map((field) => `${field}=0x${this.get(field as keyof typeof CONSOLE).toString(16)}`)
      .join(' ');
  }
}
