/** What a mouse tells: counts to the right, up, and towards the user since the last time, and its buttons. */
export interface PointerEvent {
  readonly dx: number;
  readonly dy: number;
  readonly wheel: number;
  readonly left: boolean;
  readonly right: boolean;
  readonly middle: boolean;
}

const ALWAYS_SET = 0x08;
const X_SIGN = 0x10;
const Y_SIGN = 0x20;

/** Puts packets of 3 or 4 bytes together. */
export class MouseDecoder {
  private readonly packetBytes: number;
  private bytes: readonly number[] = [];

  constructor(hasWheel: boolean) {
    this.packetBytes = hasWheel ? 4 : 3;
  }

  /** Undefined: the packet goes on. */
  push(byte: number): PointerEvent | undefined {
    // The bit tells the first byte of a packet when one was lost.
    if (this.bytes.length === 0 && (byte & ALWAYS_SET) === 0) return undefined;
    this.bytes = [...this.bytes, byte];
    if (this.bytes.length < this.packetBytes) return undefined;
    const [flags, x, y, z = 0] = this.bytes;
    this.bytes = [];
    return {
      dx: x - ((flags & X_SIGN) === 0 ? 0 : 256),
      dy: y - ((flags & Y_SIGN) === 0 ? 0 : 256),
      wheel: (z << 24) >> 24,
      left: (flags & 1) !== 0,
      right: (flags & 2) !== 0,
      middle: (flags & 4) !== 0,
    };
  }
}
