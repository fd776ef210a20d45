import {getBe16} from '../../network/index.ts';
import type {RegisterFile} from '../registers/index.ts';
import {RegisterArray, type RegisterRow} from './register-array.ts';
import {type E1000Register, RAH_AV, RCTL_BAM, RCTL_MO_SHIFT, RCTL_MPE, RCTL_UPE, RCTL_VFE} from './registers.ts';

const MTA_AT = 0x5200;
const RA_AT = 0x5400;
const VFTA_AT = 0x5600;
const TABLE_WORDS = 128;
/** Each has a RAL and a RAH. */
const ADDRESSES = 16;
const ETH_ALEN = 6;
const TYPE_AT = 12;

/** Which twelve bits of an address choose its bit of MTA, by RCTL.MO. */
const hashShifts = [4, 3, 2, 0] as const;

/** Which frames the controller takes. @see SDM, "Packet Address Filtering" and "802.1q VLAN Packet Filtering" */
export class ReceiveFilter {
  private readonly mta = new RegisterArray(TABLE_WORDS);
  private readonly ra = new RegisterArray(ADDRESSES * 2);
  private readonly vfta = new RegisterArray(TABLE_WORDS);
  private readonly registers: () => RegisterFile<E1000Register>;

  constructor(registers: () => RegisterFile<E1000Register>) {
    this.registers = registers;
  }

  get rows(): RegisterRow[] {
    return [
      {start: MTA_AT, bytes: this.mta.words.byteLength, device: this.mta},
      {start: RA_AT, bytes: this.ra.words.byteLength, device: this.ra},
      {start: VFTA_AT, bytes: this.vfta.words.byteLength, device: this.vfta},
    ];
  }

  /** A reset forgets all but the address in the EEPROM; the tables stay. */
  reset([low, high]: readonly [number, number]): void {
    this.ra.words.fill(0);
    this.ra.words.set([low, (high | RAH_AV) >>> 0]);
  }

  admits(frame: Uint8Array): boolean {
    const rctl = this.registers().get('RCTL');
    return this.admitsAddress(frame, rctl) && ((rctl & RCTL_VFE) === 0 || this.admitsVlan(frame));
  }

  private admitsAddress(frame: Uint8Array, rctl: number): boolean {
    const isGroup = (frame[0] & 1) === 1;
    const isBroadcast = isGroup && frame.subarray(0, ETH_ALEN).every((byte) => byte === 0xff);
    const isAnyWanted = (rctl & (isBroadcast ? RCTL_BAM : isGroup ? RCTL_MPE : RCTL_UPE)) !== 0;
    if (isAnyWanted || this.isExact(frame)) return true;
    // Broadcast has its own bit.
    return isGroup && !isBroadcast && this.isInHash(frame, rctl);
  }

  private isExact(frame: Uint8Array): boolean {
    const low = (frame[0] | (frame[1] << 8) | (frame[2] << 16) | (frame[3] << 24)) >>> 0;
    const high = (frame[4] | (frame[5] << 8) | RAH_AV) >>> 0;
    const {words} = this.ra;
    for (let i = 0; i < words.length; i += 2) {
      // RAH has bits for the address and AV alone that count.
      if (words[i] === low && (words[i + 1] & (RAH_AV | 0xffff)) >>> 0 === high) return true;
    }
    return false;
  }

  private isInHash(frame: Uint8Array, rctl: number): boolean {
    const bits = (frame[4] | (frame[5] << 8)) >>> hashShifts[(rctl >>> RCTL_MO_SHIFT) & 3];
    return hasBit(this.mta.words, bits & 0xfff);
  }

  private admitsVlan(frame: Uint8Array): boolean {
    if (getBe16(frame, TYPE_AT) !== this.registers().get('VET')) return true;
    return hasBit(this.vfta.words, getBe16(frame, TYPE_AT + 2) & 0xfff);
  }
}

const hasBit = (words: Uint32Array, bit: number): boolean => ((words[bit >>> 5] >>> (bit & 31)) & 1) === 1;
