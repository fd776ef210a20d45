/** Characters of either FIFO. */
export const FIFO_SIZE = 16;

/** One of the UART's FIFOs: characters, each with the errors that it was received with. Without FIFO mode it holds one. */
export class CharacterFifo {
  private readonly characters = new Uint8Array(FIFO_SIZE);
  private readonly errors = new Uint8Array(FIFO_SIZE);
  private start = 0;
  private used = 0;
  capacity = 1;

  get count(): number {
    return this.used;
  }

  get isFull(): boolean {
    return this.used >= this.capacity;
  }

  /** Bits of the LSR that belong to the oldest character. */
  get headErrors(): number {
    return this.used === 0 ? 0 : this.errors[this.start];
  }

  /** Some character has errors. */
  get hasErrors(): boolean {
    for (let i = 0; i < this.used; i++) if (this.errors[(this.start + i) % FIFO_SIZE] !== 0) return true;
    return false;
  }

  /** There has to be room. */
  push(character: number, errors = 0): void {
    const at = (this.start + this.used++) % FIFO_SIZE;
    this.characters[at] = character;
    this.errors[at] = errors;
  }

  /** The oldest character; there has to be one. */
  shift(): number {
    const character = this.characters[this.start];
    this.start = (this.start + 1) % FIFO_SIZE;
    this.used--;
    return character;
  }

  forgetHeadErrors(): void {
    this.errors[this.start] = 0;
  }

  clear(): void {
    this.used = 0;
  }
}
