import {getBe16} from '../../network/index.ts';
import {address64, crc32, Descriptor, receivedChecksums, type Verdict} from '../nic/index.ts';
import type {Chip} from './chip.ts';
import {DelayedCause} from './delayed-cause.ts';
import {DescriptorRing, ringRegisters} from './descriptor-ring.ts';
import {
  CTRL_VME,
  ICR_RXDMT0,
  ICR_RXT0,
  RCTL_BSEX,
  RCTL_BSIZE_SHIFT,
  RCTL_LPE,
  RCTL_RDMTS_SHIFT,
  RCTL_SBP,
  RCTL_SECRC,
  RXCSUM_IPOFL,
  RXCSUM_TUOFL,
} from './registers.ts';

/** Status and errors of a receive descriptor, bits of its fourth word. @see SDM, "Receive Descriptor Format" */
const DD = 1 << 0;
const EOP = 1 << 1;
const IXSM = 1 << 2;
const VP = 1 << 3;
const TCPCS = 1 << 5;
const IPCS = 1 << 6;
const TCPE = 1 << 13;
const IPE = 1 << 14;
const SPECIAL_SHIFT = 16;

const TYPE_AT = 12;
const VLAN_LEN = 4;
const FCS_BYTES = 4;
const MAX_FRAME = 16384;
/** With FCS and a tag: longer ones are for those that set LPE. */
const MAX_SHORT_FRAME = 1522;
/** RCTL.BSIZE 0 to 3; BSEX has 16 times as much, but for 0. */
const bufferSizes = [2048, 1024, 512, 256] as const;

/** What became of a frame. */
export type Reception = 'stored' | 'too-long' | 'full';

/** The receive ring: a frame takes as many buffers as it fills. */
export class Receiver {
  private readonly chip: Chip;
  private readonly ring: DescriptorRing;
  private readonly descriptor: Descriptor;
  private readonly timer: DelayedCause;
  private readonly bytes = new Uint8Array(MAX_FRAME + FCS_BYTES);

  constructor(chip: Chip) {
    const {registers, schedule, dma} = chip;
    this.chip = chip;
    this.ring = new DescriptorRing(registers, ringRegisters.receive);
    this.descriptor = new Descriptor(dma);
    this.timer = new DelayedCause({
      schedule,
      relative: () => registers.get('RDTR'),
      absolute: () => registers.get('RADV'),
      onExpiry: () => chip.raise(ICR_RXT0),
    });
  }

  reset(): void {
    this.timer.cancel();
  }

  /** RDTR.FPD */
  flush(): void {
    this.timer.flush();
  }

  /** `full`: the driver has given too few buffers. */
  put(frame: Uint8Array): Reception {
    const rctl = this.chip.registers.get('RCTL');
    if (this.isTooLong(frame.length + FCS_BYTES, rctl)) return 'too-long';
    const isTagged = this.isTagged(frame);
    const length = this.fill(frame, isTagged, (rctl & RCTL_SECRC) === 0);
    const roomBytes = this.ring.owned * bufferBytes(rctl);
    if (length > roomBytes) return 'full';
    const special = isTagged ? (getBe16(frame, TYPE_AT + 2) << SPECIAL_SHIFT) | VP : 0;
    this.scatter(length, bufferBytes(rctl), special | this.checksumBits(frame));
    this.chip.statistics.countReceived(frame);
    this.tell(rctl);
    return 'stored';
  }

  private isTooLong(bytes: number, rctl: number): boolean {
    if (bytes > MAX_FRAME) return true;
    return bytes > MAX_SHORT_FRAME && (rctl & (RCTL_LPE | RCTL_SBP)) === 0;
  }

  private isTagged(frame: Uint8Array): boolean {
    const {registers} = this.chip;
    return (registers.get('CTRL') & CTRL_VME) !== 0 && getBe16(frame, TYPE_AT) === registers.get('VET');
  }

  /** What goes into the buffers: without a tag that is taken out, with the FCS unless that is to be stripped. */
  private fill(frame: Uint8Array, isTagged: boolean, hasFcs: boolean): number {
    const {bytes} = this;
    let length = frame.length;
    bytes.set(frame);
    if (isTagged) {
      bytes.copyWithin(TYPE_AT, TYPE_AT + VLAN_LEN, length);
      length -= VLAN_LEN;
    }
    if (!hasFcs) return length;
    const fcs = crc32(frame);
    bytes.set([fcs, fcs >>> 8, fcs >>> 16, fcs >>> 24], length);
    return length + FCS_BYTES;
  }

  private scatter(length: number, bufferSize: number, lastStatus: number): void {
    const {ring, descriptor} = this;
    const {words} = descriptor;
    for (let done = 0; done < length; ring.advance()) {
      const at = ring.headAddress;
      const part = Math.min(bufferSize, length - done);
      descriptor.fetch(at);
      this.chip.dma.write(address64(words[0], words[1]), this.bytes.subarray(done, done + part));
      done += part;
      words[2] = part;
      words[3] = DD | (done < length ? 0 : EOP | lastStatus);
      descriptor.store(at, 8, 8);
    }
  }

  private checksumBits(frame: Uint8Array): number {
    const rxcsum = this.chip.registers.get('RXCSUM');
    if ((rxcsum & (RXCSUM_IPOFL | RXCSUM_TUOFL)) === 0) return IXSM;
    const {ip, transport} = receivedChecksums(frame);
    const bits =
      ((rxcsum & RXCSUM_IPOFL) === 0 ? 0 : verdictBits(ip, IPCS, IPE)) |
      ((rxcsum & RXCSUM_TUOFL) === 0 ? 0 : verdictBits(transport, TCPCS, TCPE));
    return bits === 0 ? IXSM : bits;
  }

  private tell(rctl: number): void {
    const threshold = this.ring.entries >>> (1 + ((rctl >>> RCTL_RDMTS_SHIFT) & 3));
    if (this.ring.owned <= threshold) this.chip.raise(ICR_RXDMT0);
    this.timer.start();
  }
}

const bufferBytes = (rctl: number): number => {
  const code = (rctl >>> RCTL_BSIZE_SHIFT) & 3;
  return bufferSizes[code] * ((rctl & RCTL_BSEX) !== 0 && code > 0 ? 16 : 1);
};

const verdictBits = (verdict: Verdict, checked: number, failed: number): number =>
  verdict === 'none' ? 0 : checked | (verdict === 'bad' ? failed : 0);
