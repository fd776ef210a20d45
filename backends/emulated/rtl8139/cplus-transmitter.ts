import {getBe16, internetChecksum, leftToDo, NO_OFFLOAD, putBe16, removeChecksum} from '../../network/index.ts';
import {address64, Descriptor, DESCRIPTOR_BYTES} from '../nic/index.ts';
import type {Chip} from './chip.ts';
import {ISR_TER, ISR_TOK} from './registers.ts';

const RING_ENTRIES = 64;
const MAX_FRAME = 65535;
const ETH_HLEN = 14;
const TYPE_AT = 12;
const TYPE_IPV4 = 0x0800;
const IPV4_HLEN = 20;
const IPV4_CHECKSUM = ETH_HLEN + 10;
const VLAN_LEN = 4;

/** First word of a transmit descriptor. @see RTL8139C+ datasheet, "Tx Command Descriptor" and "Tx Status Descriptor" */
const OWN = 1 << 31;
const EOR = 1 << 30;
const FS = 1 << 29;
const LS = 1 << 28;
const LGSEN = 1 << 27;
const MSS_SHIFT = 16;
const MSS_MASK = 0x7ff;
const IPCS = 1 << 18;
const UDPCS = 1 << 17;
const TCPCS = 1 << 16;
const SIZE = 0xffff;
const UNF = 1 << 25;
const TES = 1 << 23;
/** What of a command stays in the status: bits of others are counts of collisions there. */
const KEPT = EOR | FS | LS | SIZE;
/** Second word: a tag is to be put into the frame. */
const TAGC = 1 << 17;

/** Less than what any TCP has to take: it would only make work. @see RFC 9293, "Maximum Segment Size Option"; Linux, TCP_MIN_MSS */
const MIN_MSS = 48;

/** C+ mode's transmitter: a ring of up to 64 descriptors, of which a frame takes one or several. */
export class CPlusTransmitter {
  private readonly chip: Chip;
  /** The registers that say where the ring is. */
  private readonly base: readonly ['TSAD0', 'TSAD1'] | readonly ['TSAD2', 'TSAD3'];
  private readonly descriptor: Descriptor;
  private readonly frame = new Uint8Array(MAX_FRAME + VLAN_LEN);
  private length = 0;
  private next = 0;

  constructor(chip: Chip, base: CPlusTransmitter['base']) {
    this.chip = chip;
    this.base = base;
    this.descriptor = new Descriptor(chip.dma);
  }

  reset(): void {
    this.next = 0;
    this.length = 0;
  }

  /** Takes the descriptors that are the chip's, at most as many as a ring has. */
  run(): void {
    const {registers} = this.chip;
    const ring = address64(registers.get(this.base[0]), registers.get(this.base[1]));
    let taken = 0;
    while (taken < RING_ENTRIES && this.take(ring + this.next * DESCRIPTOR_BYTES)) taken++;
    this.chip.port.flush();
    if (taken > 0) this.chip.raise(ISR_TOK);
  }

  private take(at: number): boolean {
    const {descriptor} = this;
    const {words} = descriptor;
    descriptor.fetch(at);
    const command = words[0];
    if ((command & OWN) === 0) return false;
    if ((command & FS) !== 0) this.length = 0;
    const isHeld = this.append(address64(words[2], words[3]), command & SIZE);
    if ((command & LS) !== 0) this.send(command, words[1]);
    words[0] = (command & KEPT) | (isHeld ? 0 : UNF | TES);
    if (!isHeld) this.fail();
    descriptor.store(at, 0, 4);
    this.next = (command & EOR) === 0 ? (this.next + 1) % RING_ENTRIES : 0;
    return true;
  }

  /** False: the frame is longer than any that the chip sends. */
  private append(address: number, bytes: number): boolean {
    if (this.length + bytes > MAX_FRAME) {
      this.length = 0;
      return false;
    }
    this.chip.dma.read(address, this.frame.subarray(this.length, this.length + bytes));
    this.length += bytes;
    return true;
  }

  private fail(): void {
    this.chip.tally.count('txErrors');
    this.chip.raise(ISR_TER);
  }

  private send(command: number, tagWord: number): void {
    const {length} = this;
    this.length = 0;
    if (length < ETH_HLEN) return;
    if ((command & (IPCS | LGSEN)) !== 0) setIpv4Checksum(this.frame, length);
    const tagged = (tagWord & TAGC) === 0 ? length : this.insertTag(length, tagWord);
    this.chip.transmit(this.frame.subarray(0, tagged), this.offload(command, tagged));
    this.chip.tally.count('txOk');
  }

  /** Leaves the transport's checksum and segments to the network. */
  private offload(command: number, length: number): number {
    const isLarge = (command & LGSEN) !== 0;
    if (!isLarge && (command & (TCPCS | UDPCS)) === 0) return NO_OFFLOAD;
    const segment = isLarge ? (command >>> MSS_SHIFT) & MSS_MASK : 0;
    if (isLarge && segment < MIN_MSS) return NO_OFFLOAD;
    removeChecksum(this.frame, 0, length);
    return leftToDo(this.frame, 0, length, segment) ?? NO_OFFLOAD;
  }

  /** The tag's bytes are in the descriptor as they are on the wire. */
  private insertTag(length: number, tagWord: number): number {
    this.frame.copyWithin(TYPE_AT + VLAN_LEN, TYPE_AT, length);
    this.frame.set([0x81, 0x00, tagWord, tagWord >>> 8], TYPE_AT);
    return Math.min(length + VLAN_LEN, MAX_FRAME);
  }
}

const setIpv4Checksum = (frame: Uint8Array, length: number): void => {
  const headerBytes = (frame[ETH_HLEN] & 0xf) * 4;
  const isWhole = length >= ETH_HLEN + headerBytes && headerBytes >= IPV4_HLEN;
  if (getBe16(frame, TYPE_AT) !== TYPE_IPV4 || !isWhole) return;
  putBe16(frame, IPV4_CHECKSUM, 0);
  putBe16(frame, IPV4_CHECKSUM, internetChecksum(frame, ETH_HLEN, headerBytes));
};
