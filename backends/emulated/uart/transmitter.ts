import type {TaskQueue, Timer} from '../../../hypervisor/schedule/index.ts';
import {CharacterFifo} from './character-fifo.ts';
import {LSR_THR_EMPTY, LSR_TRANSMITTER_EMPTY} from './registers.ts';

export interface TransmitterOptions {
  schedule: TaskQueue;
  /** How long a character is on the wire now; 0: characters leave at once. */
  characterNs: () => number;
  /** A character has left. */
  onSent: (character: number) => void;
  /** The last one has moved to the shift register: there is room for a FIFO full. */
  onEmptied: () => void;
}

/** The holding register or FIFO, and the shift register behind it. */
export class Transmitter {
  readonly fifo = new CharacterFifo();
  /** Characters written while there was no room. */
  lost = 0;
  private readonly options: TransmitterOptions;
  private shifting: Timer | undefined;
  /** Most characters in the FIFO at a time since it was last empty. */
  private peak = 0;

  constructor(options: TransmitterOptions) {
    this.options = options;
  }

  /** Its bits of the LSR. */
  get status(): number {
    if (this.fifo.count > 0) return 0;
    return this.shifting === undefined ? LSR_THR_EMPTY | LSR_TRANSMITTER_EMPTY : LSR_THR_EMPTY;
  }

  write(character: number): void {
    if (this.fifo.isFull) this.lost++;
    else this.fifo.push(character);
    this.peak = Math.max(this.peak, this.fifo.count);
    this.start();
  }

  /** Drops what waits; the character in the shift register goes on. */
  clear(): void {
    if (this.fifo.count === 0) return;
    this.fifo.clear();
    this.tellEmptied();
  }

  reset(): void {
    this.fifo.clear();
    this.peak = 0;
    this.shifting?.cancel();
    this.shifting = undefined;
  }

  private start(): void {
    if (this.shifting !== undefined || this.fifo.count === 0) return;
    const delayNs = this.options.characterNs();
    const character = this.fifo.shift();
    if (delayNs === 0) this.options.onSent(character);
    else this.shifting = this.options.schedule.after(delayNs, () => this.finish(character));
    if (this.fifo.count === 0 && (delayNs === 0 || !this.wasAlone)) this.tellEmptied();
  }

  private finish(character: number): void {
    this.shifting = undefined;
    this.options.onSent(character);
    if (this.fifo.count === 0 && this.wasAlone) this.tellEmptied();
    else this.start();
  }

  /**
   * The FIFO never held more than the character that is being sent: that it is empty is told when that is out, as the next
   * one is likely to come before. @see PC16550D, "FIFO interrupt mode operation"
   */
  private get wasAlone(): boolean {
    return this.fifo.capacity > 1 && this.peak === 1;
  }

  private tellEmptied(): void {
    this.peak = 0;
    this.options.onEmptied();
  }
}
