import type {Gfn} from '../../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {NativeMachine} from '../machine.ts';
import type {Assembled} from './assembler.ts';
import {DONE, MAX_PIECES, slotLayout} from './script.ts';

const IDENTIFY = 0x80;
const MAY_DISCONNECT = 0x40;
const SIMPLE_QUEUE_TAG = 0x20;
const COUNT_MASK = 0xffffff;

export const MAX_TRANSFER_BYTES = MAX_PIECES * PAGE_SIZE;

/** A page that tells the script of one command. Its index is the command's tag. */
export class Slot {
  readonly index: number;
  readonly address: number;
  private readonly memory: NativeMachine['ops']['memory'];
  private readonly code: Assembled;

  constructor(index: number, gfn: Gfn, memory: NativeMachine['ops']['memory'], code: Assembled) {
    this.index = index;
    this.address = gfn * PAGE_SIZE;
    this.memory = memory;
    this.code = code;
  }

  get isDone(): boolean {
    return this.read(slotLayout.state) === DONE;
  }

  get status(): number {
    return this.memory.u8[this.address + slotLayout.statusByte];
  }

  /** The script only waits with it. */
  prepareIdle(): void {
    this.write(slotLayout.go, this.code.addressOf('wait'));
  }

  /** A command whose data are in whole frames but for the last. */
  prepareCommand(
    {id, lun}: {id: number; lun: number},
    cdb: Uint8Array,
    data: {isOut: boolean; bytes: number; frames: readonly Gfn[]},
  ): void {
    this.write(slotLayout.go, this.code.addressOf('start'));
    this.setTarget(id, [IDENTIFY | MAY_DISCONNECT | lun, SIMPLE_QUEUE_TAG, this.index]);
    this.setBytes(slotLayout.cdb, slotLayout.cdbBytes, cdb);
    this.setEntry(slotLayout.status, 1, this.address + slotLayout.statusByte);
    this.setData(data);
  }

  /** Messages that end with one after which the target lets go. */
  prepareMessage(id: number, messages: readonly number[]): void {
    this.write(slotLayout.go, this.code.addressOf('sendMessage'));
    this.setTarget(id, messages);
  }

  /** What was not moved of its data: the pieces from where the data phase would go on. */
  get residualBytes(): number {
    const pointer = this.read(slotLayout.pointer);
    if (pointer === this.code.addressOf('tooMuchData')) return 0;
    let residual = 0;
    for (let piece = this.pieceAt(pointer); piece < MAX_PIECES; piece++) {
      residual += this.read(slotLayout.pieces + piece * 8) & COUNT_MASK;
    }
    return residual;
  }

  /** A data phase begins in the middle of the moves, so that it ends where they end. */
  private setData({isOut, bytes, frames}: {isOut: boolean; bytes: number; frames: readonly Gfn[]}): void {
    const first = MAX_PIECES - frames.length;
    for (const [i, gfn] of frames.entries()) {
      const count = Math.min(PAGE_SIZE, bytes - i * PAGE_SIZE);
      this.setEntry(slotLayout.pieces + (first + i) * 8, count, gfn * PAGE_SIZE);
    }
    const moves = this.code.addressOf(isOut ? 'dataOut' : 'dataIn');
    const start = frames.length === 0 ? this.code.addressOf('tooMuchData') : moves + first * 8;
    this.write(slotLayout.pointer, start);
  }

  private pieceAt(pointer: number): number {
    const dataOut = this.code.addressOf('dataOut');
    return (pointer - (pointer >= dataOut ? dataOut : this.code.addressOf('dataIn'))) / 8;
  }

  private setTarget(id: number, messages: readonly number[]): void {
    this.write(slotLayout.state, 0);
    this.write(slotLayout.select, id << 16);
    this.setBytes(slotLayout.messageOut, slotLayout.messageBytes, Uint8Array.from(messages));
  }

  private setBytes(entry: number, place: number, bytes: Uint8Array): void {
    this.memory.u8.set(bytes, this.address + place);
    this.setEntry(entry, bytes.length, this.address + place);
  }

  private setEntry(entry: number, count: number, address: number): void {
    this.write(entry, count);
    this.write(entry + 4, address);
  }

  private read(offset: number): number {
    return this.memory.u32[(this.address + offset) / 4];
  }

  private write(offset: number, value: number): void {
    this.memory.u32[(this.address + offset) / 4] = value;
  }
}
