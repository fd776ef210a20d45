import type {Chip} from './chip.ts';
import {
  ISR_TER,
  ISR_TOK,
  TSADN,
  TSD,
  TSD_OWN,
  TSD_SIZE,
  TSD_TABT,
  TSD_TOK,
  TSD_TUN,
  TSD_WRITABLE,
} from './registers.ts';

const SLOTS = 4;
/** What the FIFO holds. @see RTL8139 datasheet, "Transmit Status Register", SIZE */
const MAX_FRAME = 1792;

/** Groups of four bits in TSAD, each a bit of the four TSDs. */
const summary = [
  [TSD_OWN, 0],
  [TSD_TABT, 4],
  [TSD_TUN, 8],
  [TSD_TOK, 12],
] as const;

/**
 * C mode's transmitter: four slots that take turns. The driver gives one to the chip by writing its length into TSD, which
 * clears OWN there.
 * @see RTL8139 datasheet, "Packet Transmission"
 */
export class TransmitSlots {
  private readonly chip: Chip;
  private readonly frame = new Uint8Array(MAX_FRAME);
  private next = 0;

  constructor(chip: Chip) {
    this.chip = chip;
  }

  /** The transmitter was turned on: slot 0 is the first. */
  reset(): void {
    this.next = 0;
  }

  /** The driver wrote a TSD: what an earlier frame left there is gone. */
  written(slot: number, value: number): void {
    this.chip.registers.set(TSD[slot], value & TSD_WRITABLE);
  }

  /** Sends what is the chip's, in turn. */
  run(): void {
    for (let sent = 0; sent < SLOTS && this.status(this.next) === 'chip'; sent++) {
      this.send(this.next);
      this.next = (this.next + 1) % SLOTS;
    }
    this.chip.port.flush();
  }

  /** TSAD: the status of all slots. */
  get summary(): number {
    let bits = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const value = this.chip.registers.get(TSD[slot]);
      for (const [flag, shift] of summary) if ((value & flag) !== 0) bits |= 1 << (shift + slot);
    }
    return bits;
  }

  private status(slot: number): 'chip' | 'driver' {
    return (this.chip.registers.get(TSD[slot]) & TSD_OWN) === 0 ? 'chip' : 'driver';
  }

  private send(slot: number): void {
    const {registers, dma, tally} = this.chip;
    const value = registers.get(TSD[slot]);
    const length = value & TSD_SIZE;
    if (length > MAX_FRAME) {
      registers.set(TSD[slot], value | TSD_OWN | TSD_TABT);
      tally.count('txAborted');
      return this.chip.raise(ISR_TER);
    }
    const frame = this.frame.subarray(0, length);
    dma.read(registers.get(TSADN[slot]), frame);
    this.chip.transmit(frame);
    registers.set(TSD[slot], value | TSD_OWN | TSD_TOK);
    tally.count('txOk');
    this.chip.raise(ISR_TOK);
  }
}
