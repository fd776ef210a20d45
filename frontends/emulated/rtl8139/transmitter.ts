import type {DomainMemory} from '../../../hypervisor/memory/index.ts';
import type {Ports} from './ports.ts';
import {TCR, TCR_CLRABT, TSAD0, TSD0, TSD_TABT, TSD_TOK, TSD_TUN} from './registers.ts';

const SLOTS = 4;
const SLOT_BYTES = 1536;
/** The chip does not pad. */
const MIN_FRAME = 60;

/** What the four buffers take. */
export const TX_BUFFER_BYTES = SLOTS * SLOT_BYTES;

/** The four transmit slots, each with a buffer of its own; they take turns. */
export class Transmitter {
  private readonly ports: Ports;
  private readonly memory: DomainMemory;
  private readonly buffers: number;
  /** Frames given to the chip, and those of them that it is done with. */
  private given = 0;
  private done = 0;

  /** `buffers`: the physical address of TX_BUFFER_BYTES. */
  constructor(ports: Ports, memory: DomainMemory, buffers: number) {
    this.ports = ports;
    this.memory = memory;
    this.buffers = buffers;
  }

  /** Tells the chip where the buffers are, which it forgets when it is reset. */
  start(): void {
    for (let slot = 0; slot < SLOTS; slot++) this.ports.out32(TSAD0 + slot * 4, this.buffers + slot * SLOT_BYTES);
  }

  /** False when all slots are the chip's. */
  send(frame: Uint8Array): boolean {
    if (this.given - this.done === SLOTS) return false;
    const slot = this.given % SLOTS;
    const at = this.buffers + slot * SLOT_BYTES;
    const {u8} = this.memory;
    u8.set(frame, at);
    if (frame.length < MIN_FRAME) u8.fill(0, at + frame.length, at + MIN_FRAME);
    this.given++;
    this.ports.out32(TSD0 + slot * 4, Math.max(frame.length, MIN_FRAME));
    return true;
  }

  /** Looks what the chip is done with. Returns how many frames of these it gave up. */
  reap(): number {
    let errors = 0;
    while (this.done < this.given) {
      const status = this.ports.in32(TSD0 + (this.done % SLOTS) * 4);
      if ((status & (TSD_TOK | TSD_TUN | TSD_TABT)) === 0) break;
      if ((status & TSD_TABT) !== 0) {
        errors++;
        this.ports.out32(TCR, TCR_CLRABT);
      }
      this.done++;
    }
    return errors;
  }
}
