const ETH_HLEN = 14;
const MAC_BYTES = 6;
/** IEEE 802 local experimental. */
const ETHERTYPE = [0x88, 0xb5] as const;
/** Sender and number, behind the header. */
export const MIN_FRAME = ETH_HLEN + 8;
export const BROADCAST = new Uint8Array(MAC_BYTES).fill(0xff);

const numberOf = (frame: Uint8Array): number => new DataView(frame.buffer, frame.byteOffset).getUint32(ETH_HLEN);

interface Sent {
  readonly frame: Uint8Array;
  /** Receivers by name. */
  readonly receivers: Set<string>;
}

/** What is on a network: each frame that arrives was sent so, by another, and arrives once. */
export class FrameModel {
  private readonly sent: Sent[] = [];
  private found: string | undefined;

  /** A frame that nobody has sent before. */
  make(to: Uint8Array, from: Uint8Array, length: number): Uint8Array {
    const number = this.sent.length;
    const frame = new Uint8Array(length);
    for (let i = MIN_FRAME; i < length; i++) frame[i] = Math.imul(i + number, 0x9e3779b1) >>> 24;
    frame.set(to, 0);
    frame.set(from, MAC_BYTES);
    frame.set(ETHERTYPE, 2 * MAC_BYTES);
    new DataView(frame.buffer).setUint32(ETH_HLEN, number);
    this.sent.push({frame: frame.slice(), receivers: new Set()});
    return frame;
  }

  /** `mac` is the receiver's own. */
  received(name: string, mac: Uint8Array, frame: Uint8Array): void {
    this.found ??= this.judge(name, mac, frame);
  }

  hasReceived(name: string, frame: Uint8Array): boolean {
    return this.sent.at(numberOf(frame))?.receivers.has(name) === true;
  }

  get fault(): string | undefined {
    return this.found;
  }

  private judge(name: string, mac: Uint8Array, frame: Uint8Array): string | undefined {
    if (frame.length < MIN_FRAME) return `${name} has received ${frame.length} bytes`;
    const number = numberOf(frame);
    const sent = this.sent.at(number);
    if (sent === undefined) return `${name} has received frame ${number}, which nobody has sent`;
    if (Buffer.compare(sent.frame, frame) !== 0) return `${name} has received frame ${number} with other bytes`;
    if (Buffer.compare(sent.frame.subarray(MAC_BYTES, 2 * MAC_BYTES), mac) === 0)
      return `${name} has received frame ${number}, its own`;
    if (sent.receivers.has(name)) return `${name} has received frame ${number} twice`;
    sent.receivers.add(name);
    return undefined;
  }
}
