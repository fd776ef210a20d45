import {getBe16, IPPROTO_TCP} from '../../network/index.ts';
import {address64, crc32, Descriptor, DESCRIPTOR_BYTES, receivedChecksums} from '../nic/index.ts';
import type {Chip, Reception} from './chip.ts';
import type {FrameKind} from './receive-filter.ts';
import {CPCR_RX_CHECKSUM, CPCR_RX_VLAN} from './registers.ts';

const RING_ENTRIES = 64;
const CRC_BYTES = 4;
const MIN_FRAME = 60;
const TYPE_AT = 12;
const VLAN_LEN = 4;
const TYPE_VLAN = 0x8100;

/** First word of a receive descriptor. @see RTL8139C+ datasheet, "Rx Command Descriptor" and "Rx Status Descriptor" */
const OWN = 1 << 31;
const EOR = 1 << 30;
const FS = 1 << 29;
const LS = 1 << 28;
const SIZE = 0x1fff;
const kindBits: Readonly<Record<FrameKind, number>> = {
  other: 0,
  multicast: 1 << 26,
  physical: 1 << 25,
  broadcast: 1 << 24,
};
const PID_TCP = 1 << 16;
const PID_UDP = 2 << 16;
const PID_IP = 3 << 16;
const IPF = 1 << 15;
const UDPF = 1 << 14;
const TCPF = 1 << 13;
/** Second word: a tag was taken out of the frame. */
const TAVA = 1 << 16;

/**
 * C+ mode's receiver: a ring of up to 64 descriptors, with a buffer each. A frame that is too long for a buffer is lost: it
 * is not spread over several.
 */
export class CPlusReceiver {
  private readonly chip: Chip;
  private readonly descriptor: Descriptor;
  private next = 0;

  constructor(chip: Chip) {
    this.chip = chip;
    this.descriptor = new Descriptor(chip.dma);
  }

  reset(): void {
    this.next = 0;
  }

  /** Drivers turn the receiver on before they say where the ring is. */
  get hasRing(): boolean {
    return this.ring !== 0;
  }

  /** `full`: the driver has given no descriptor. */
  put(frame: Uint8Array, kind: FrameKind): Reception {
    const {descriptor} = this;
    const {words} = descriptor;
    const at = this.ring + this.next * DESCRIPTOR_BYTES;
    descriptor.fetch(at);
    if ((words[0] & OWN) === 0) return 'full';
    const tag = this.tagOf(frame);
    const bytes = Math.max(MIN_FRAME, frame.length - (tag === undefined ? 0 : VLAN_LEN));
    if (bytes + CRC_BYTES > (words[0] & SIZE)) return 'too-long';
    this.fill(address64(words[2], words[3]), frame, bytes, tag !== undefined);
    const isLast = (words[0] & EOR) !== 0;
    words[0] = (words[0] & EOR) | FS | LS | kindBits[kind] | this.checksumBits(frame) | (bytes + CRC_BYTES);
    words[1] = tag === undefined ? 0 : TAVA | tag;
    descriptor.store(at, 0, 8);
    this.next = isLast ? 0 : (this.next + 1) % RING_ENTRIES;
    return 'stored';
  }

  private get ring(): number {
    const {registers} = this.chip;
    return address64(registers.get('RDSAR'), registers.get('RDSARHigh'));
  }

  /** A tag that is to be taken out, its bytes as they are on the wire. */
  private tagOf(frame: Uint8Array): number | undefined {
    if ((this.chip.registers.get('CPCR') & CPCR_RX_VLAN) === 0) return undefined;
    if (getBe16(frame, TYPE_AT) !== TYPE_VLAN) return undefined;
    return frame[TYPE_AT + 2] | (frame[TYPE_AT + 3] << 8);
  }

  private fill(address: number, frame: Uint8Array, bytes: number, isTagged: boolean): void {
    const buffer = new Uint8Array(bytes + CRC_BYTES);
    buffer.set(isTagged ? frame.subarray(0, TYPE_AT) : frame);
    if (isTagged) buffer.set(frame.subarray(TYPE_AT + VLAN_LEN), TYPE_AT);
    new DataView(buffer.buffer).setUint32(bytes, crc32(frame), true);
    this.chip.dma.write(address, buffer);
  }

  private checksumBits(frame: Uint8Array): number {
    if ((this.chip.registers.get('CPCR') & CPCR_RX_CHECKSUM) === 0) return 0;
    const {ip, transport, protocol} = receivedChecksums(frame);
    const ipBits = ip === 'bad' ? IPF : 0;
    if (protocol === 0) return ip === 'none' ? 0 : PID_IP | ipBits;
    // What has no checksum is left to the driver, as a packet of no protocol that the chip knows.
    if (transport === 'none') return PID_IP | ipBits;
    const isTcp = protocol === IPPROTO_TCP;
    const failed = transport === 'bad' ? (isTcp ? TCPF : UDPF) : 0;
    return (isTcp ? PID_TCP : PID_UDP) | ipBits | failed;
  }
}
