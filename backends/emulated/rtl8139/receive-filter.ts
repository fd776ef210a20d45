import {isGroup, macHigh, macLow} from '../../network/index.ts';
import {crc32} from '../nic/index.ts';
import type {RegisterFile} from '../registers/index.ts';
import {RCR_AAP, RCR_AB, RCR_AM, RCR_APM, type Rtl8139Register} from './registers.ts';

const ETH_ALEN = 6;

/** Why a frame is received; C mode's header and C+ mode's descriptors have a bit for each. */
export type FrameKind = 'broadcast' | 'multicast' | 'physical' | 'other';

/** Which frames the chip takes. @see datasheet, "Receive Configuration Register" and "Multicast Register" */
export class ReceiveFilter {
  private readonly registers: RegisterFile<Rtl8139Register>;

  constructor(registers: RegisterFile<Rtl8139Register>) {
    this.registers = registers;
  }

  /** Undefined: the frame is not for us. */
  admit(frame: Uint8Array): FrameKind | undefined {
    const rcr = this.registers.get('RCR');
    const high = macHigh(frame, 0);
    const low = macLow(frame, 0);
    if (isGroup(high)) {
      const isBroadcast = high === 0xffff && low === -1;
      if (isBroadcast) return (rcr & RCR_AB) === 0 ? undefined : 'broadcast';
      return (rcr & RCR_AM) !== 0 && this.isInHash(frame) ? 'multicast' : undefined;
    }
    if (this.isMine(high, low) && (rcr & RCR_APM) !== 0) return 'physical';
    return (rcr & RCR_AAP) === 0 ? undefined : 'other';
  }

  /** IDR0 to IDR5 hold the address as it is on the wire. */
  private isMine(high: number, low: number): boolean {
    const first = this.registers.get('IDR0');
    const last = this.registers.get('IDR4');
    const byte = (word: number, at: number): number => (word >>> (at * 8)) & 0xff;
    const ownHigh = (byte(first, 0) << 8) | byte(first, 1);
    const ownLow = (byte(first, 2) << 24) | (byte(first, 3) << 16) | (byte(last, 0) << 8) | byte(last, 1);
    return high === ownHigh && low === ownLow;
  }

  /** The six bits of the address's CRC that went out first choose one of 64. */
  private isInHash(frame: Uint8Array): boolean {
    const crc = ~crc32(frame.subarray(0, ETH_ALEN));
    let index = 0;
    for (let bit = 0; bit < 6; bit++) index |= ((crc >>> bit) & 1) << (5 - bit);
    const word = this.registers.get(index < 32 ? 'MAR0' : 'MAR4');
    return ((word >>> (index % 32)) & 1) === 1;
  }
}
