/** A key goes down, again while it is held, or comes up. */
export interface KeyEvent {
  /** Of scan code set 1, 0xe0.. with that prefix: 0x1e is A, 0xe048 the arrow up. Pause is 0xe11d45. */
  readonly code: number;
  readonly isDown: boolean;
}

const EXTENDED = 0xe0;
const PAUSE = 0xe1;
const RELEASED = 0x80;
/** Answers to what is sent to the keyboard, and its complaint that keys were lost. */
const notKeys: ReadonlySet<number> = new Set([0x00, 0xee, 0xfa, 0xfe, 0xff]);

/** Puts a keyboard's bytes together. */
export class KeyDecoder {
  private prefix: readonly number[] = [];

  /** Undefined: the code goes on. */
  push(byte: number): KeyEvent | undefined {
    if (notKeys.has(byte)) return undefined;
    const isPrefix = byte === EXTENDED || byte === PAUSE;
    const bytes = isPrefix ? [byte] : [...this.prefix, byte];
    const length = {[EXTENDED]: 2, [PAUSE]: 3}[bytes[0]] ?? 1;
    this.prefix = bytes.length < length ? bytes : [];
    if (bytes.length < length) return undefined;
    const code = bytes.reduce((high, low, i) => high * 256 + (i === 0 && length > 1 ? low : low & ~RELEASED), 0);
    return {code, isDown: (byte & RELEASED) === 0};
  }
}
