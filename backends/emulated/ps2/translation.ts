/** Codes of set 1 for those of set 2 from 0 to 7F, two digits each: 00 is an overrun, which set 1 calls FF. */
const SET_1 = [
  'ff43413f3d3b3c58644442403e0f2959',
  '65382a701d10025a66712c1f1e11035b',
  '672e2d201205045c68392f211413065d',
  '693130232215075e6a7232241608095f',
  '6b332517180b0a606c34352627190c61',
  '6d7328741a0d626e3a361c1b752b6376',
  '55567778797a0e7b7c4f7d4b477e7f6f',
  '5253504c4d480145574e514a37494654',
].join('');

const BREAK = 0xf0;
const RELEASED = 0x80;
/** Above 7F two keys have codes that are translated; all else, answers among it, goes through. */
const above: Readonly<Record<number, number>> = {0x83: 0x41, 0x84: 0x54};

const table = Uint8Array.from({length: 128}, (_, code) => Number.parseInt(SET_1.slice(code * 2, code * 2 + 2), 16));

/** What an i8042 makes of a keyboard's bytes while it translates set 2 to set 1. */
export class Translation {
  private released = 0;

  /** Undefined: the byte only says that the next one is of a key that came up. */
  translate(byte: number): number | undefined {
    if (byte === BREAK) {
      this.released = RELEASED;
      return undefined;
    }
    const code = byte < table.length ? table[byte] : (above[byte] ?? byte);
    const translated = code | this.released;
    this.released = 0;
    return translated;
  }

  reset(): void {
    this.released = 0;
  }
}
