const BYTES_PER_LINE = 16;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

const canonicalLine = (offset: number, bytes: Uint8Array): string => {
  const cells = Array.from({length: BYTES_PER_LINE}, (_, i) => (i < bytes.length ? hex(bytes[i], 2) : '  '));
  const text = Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
  return `${hex(offset, 8)}  ${cells.slice(0, 8).join(' ')}  ${cells.slice(8).join(' ')}  |${text}|`;
};

/** Little-endian 16-bit words, as hexdump prints without -C. */
const wordLine = (offset: number, bytes: Uint8Array): string => {
  let line = hex(offset, 7);
  for (let i = 0; i < BYTES_PER_LINE; i += 2) {
    line += i < bytes.length ? ` ${hex(bytes[i] | ((bytes[i + 1] ?? 0) << 8), 4)}` : '     ';
  }
  return line;
};

/** Formats bytes as they come; runs of equal lines become one `*`. @see hexdump(1) of util-linux */
export class HexdumpLines {
  private readonly canonical: boolean;
  private readonly squeeze: boolean;
  private offset: number;
  private rest = new Uint8Array(0);
  private last: string | undefined;
  private starred = false;

  constructor(options: {offset: number; canonical: boolean; squeeze: boolean}) {
    this.offset = options.offset;
    this.canonical = options.canonical;
    this.squeeze = options.squeeze;
  }

  /** Lines that are complete with these bytes. */
  push(bytes: Uint8Array): string[] {
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    const whole = all.length - (all.length % BYTES_PER_LINE);
    const lines: string[] = [];
    for (let at = 0; at < whole; at += BYTES_PER_LINE) this.add(all.subarray(at, at + BYTES_PER_LINE), lines);
    this.rest = all.slice(whole);
    return lines;
  }

  /** The last, shorter line and the offset of the end. Nothing at all for no bytes. */
  end(): string[] {
    const lines: string[] = [];
    if (this.rest.length > 0) this.add(this.rest, lines);
    if (this.last !== undefined) lines.push(hex(this.offset, this.canonical ? 8 : 7));
    return lines;
  }

  private add(bytes: Uint8Array, lines: string[]): void {
    const content = bytes.join();
    if (this.squeeze && content === this.last && bytes.length === BYTES_PER_LINE) {
      if (!this.starred) lines.push('*');
      this.starred = true;
    } else {
      lines.push(this.canonical ? canonicalLine(this.offset, bytes) : wordLine(this.offset, bytes));
      this.starred = false;
    }
    this.last = content;
    this.offset += bytes.length;
  }
}
