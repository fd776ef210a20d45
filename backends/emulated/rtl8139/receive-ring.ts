import {crc32} from '../nic/index.ts';
import type {Chip, Reception} from './chip.ts';
import type {FrameKind} from './receive-filter.ts';
import {RCR_RBLEN_SHIFT, RCR_WRAP} from './registers.ts';

/** Before each frame: 16 bits of status, 16 bits of length with its CRC. */
const HEADER_BYTES = 4;
const CRC_BYTES = 4;
const RECEIVE_OK = 1 << 0;
const kindBits: Readonly<Record<FrameKind, number>> = {
  other: 0,
  broadcast: 1 << 13,
  physical: 1 << 14,
  multicast: 1 << 15,
};

/** CAPR is so much behind what the driver has read. */
const CAPR_BIAS = 16;
/** What the FIFO holds. */
const MAX_FRAME = 1792;
const SMALLEST_RING = 8192;
/** The largest ring wraps whatever the driver asks for. */
const LARGEST_RING = 65536;

/**
 * C mode's receive buffer: a ring of bytes in the guest's memory, in which frames with a header lie one after the other,
 * each at a multiple of 4. The chip writes at CBR, the driver has read up to CAPR.
 * @see RTL8139 datasheet, "Packet Reception"
 */
export class ReceiveRing {
  private readonly chip: Chip;
  private entry = new Uint8Array(0);

  constructor(chip: Chip) {
    this.chip = chip;
  }

  get isEmpty(): boolean {
    return this.chip.registers.get('CBR') % this.sizeBytes === this.readAt;
  }

  /** The receiver was turned on, or the ring has another size. */
  reset(): void {
    this.chip.registers.set('CBR', 0);
    this.chip.registers.set('CAPR', -CAPR_BIAS);
  }

  /** `full`: the frame has no room beside what the driver has not read. */
  put(frame: Uint8Array, kind: FrameKind): Reception {
    if (frame.length > MAX_FRAME) return 'too-long';
    const {registers} = this.chip;
    const {sizeBytes} = this;
    const used = HEADER_BYTES + frame.length + CRC_BYTES;
    const bytes = (used + 3) & ~3;
    const at = registers.get('CBR');
    // A ring without a byte left would look like an empty one.
    const free = this.isEmpty ? sizeBytes : (this.readAt - at + sizeBytes) % sizeBytes;
    if (bytes >= free) return 'full';
    this.fill(frame, used, RECEIVE_OK | kindBits[kind]);
    this.write(at, used);
    registers.set('CBR', (at + bytes) % sizeBytes);
    return 'stored';
  }

  private get sizeBytes(): number {
    return SMALLEST_RING << ((this.chip.registers.get('RCR') >>> RCR_RBLEN_SHIFT) & 3);
  }

  private get readAt(): number {
    return (this.chip.registers.get('CAPR') + CAPR_BIAS) % this.sizeBytes;
  }

  private fill(frame: Uint8Array, bytes: number, status: number): void {
    if (this.entry.length < bytes) this.entry = new Uint8Array(bytes);
    const view = new DataView(this.entry.buffer);
    view.setUint16(0, status, true);
    view.setUint16(2, frame.length + CRC_BYTES, true);
    this.entry.set(frame, HEADER_BYTES);
    view.setUint32(HEADER_BYTES + frame.length, crc32(frame), true);
  }

  /** Around the end, or, where the driver has left room for that, over it. */
  private write(at: number, bytes: number): void {
    const {registers, dma} = this.chip;
    const {sizeBytes} = this;
    const start = registers.get('RBSTART');
    const goesOver = (registers.get('RCR') & RCR_WRAP) !== 0 && sizeBytes < LARGEST_RING;
    const first = goesOver ? bytes : Math.min(bytes, sizeBytes - at);
    dma.write(start + at, this.entry.subarray(0, first));
    if (first < bytes) dma.write(start, this.entry.subarray(first, bytes));
  }
}
