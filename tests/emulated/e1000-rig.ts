import {E1000} from '../../backends/emulated/e1000/index.ts';
import {ipv4, transport} from '../network/station.ts';
import {NIC_MAC, NicRig, PEER_MAC} from './nic-rig.ts';

export const reg = {
  CTRL: 0x0000,
  STATUS: 0x0008,
  EECD: 0x0010,
  EERD: 0x0014,
  MDIC: 0x0020,
  VET: 0x0038,
  ICR: 0x00c0,
  ITR: 0x00c4,
  ICS: 0x00c8,
  IMS: 0x00d0,
  IMC: 0x00d8,
  RCTL: 0x0100,
  TCTL: 0x0400,
  RDBAL: 0x2800,
  RDLEN: 0x2808,
  RDH: 0x2810,
  RDT: 0x2818,
  RDTR: 0x2820,
  RADV: 0x282c,
  TDBAL: 0x3800,
  TDLEN: 0x3808,
  TDH: 0x3810,
  TDT: 0x3818,
  TIDV: 0x3820,
  TADV: 0x382c,
  RXCSUM: 0x5000,
  MTA: 0x5200,
  RA: 0x5400,
  VFTA: 0x5600,
} as const;

export const EOP = 1 << 24;
export const RS = 1 << 27;
export const DEXT = 1 << 29;
export const DATA = DEXT | (1 << 20);
export const TSE = 1 << 26;
export const VLE = 1 << 30;
export const IDE = 1 << 31;
/** RCTL: on, broadcast. */
export const RECEIVE = 0x8002;
const ENTRIES = 16;

/** An 82540EM with rings of 16 descriptors, without a driver. */
export class E1000Rig extends NicRig<E1000> {
  readonly rx = this.allocate(ENTRIES * 16);
  readonly tx = this.allocate(ENTRIES * 16);
  private readonly base = this.pci.bar(0);
  private tail = 0;

  constructor() {
    super((rig, options) => new E1000(rig.model, options));
  }

  read(register: number): number {
    return this.io.readMemory(this.base + register, 4);
  }

  write(register: number, value: number): void {
    this.io.writeMemory(this.base + register, 4, value >>> 0);
  }

  /** Turns both ends on, with 15 receive buffers of 2 KiB. */
  start(rctl = RECEIVE): void {
    for (let i = 0; i < ENTRIES; i++) this.words.set([this.allocate(2048), 0, 0, 0], (this.rx + i * 16) / 4);
    this.write(reg.RDBAL, this.rx);
    this.write(reg.RDLEN, ENTRIES * 16);
    this.write(reg.RDT, ENTRIES - 1);
    this.write(reg.TDBAL, this.tx);
    this.write(reg.TDLEN, ENTRIES * 16);
    this.write(reg.RCTL, rctl);
    this.write(reg.TCTL, 2);
  }

  /** The words of a descriptor. */
  received(index: number): readonly number[] {
    return [...this.words.subarray((this.rx + index * 16) / 4, (this.rx + index * 16) / 4 + 4)];
  }

  /** What is in a receive buffer. */
  buffer(index: number): Uint8Array {
    const [at, , length] = this.received(index);
    return this.memory.slice(at, at + (length & 0xffff));
  }

  /** Puts a descriptor into the transmit ring, which is not told of yet. */
  put(words: readonly number[]): void {
    this.words.set(
      words.map((word) => word >>> 0),
      (this.tx + this.tail * 16) / 4,
    );
    this.tail = (this.tail + 1) % ENTRIES;
  }

  /** The same with bytes of a frame. */
  putBytes(bytes: Uint8Array, command: number, upper = 0): void {
    const at = this.allocate(bytes.length);
    this.memory.set(bytes, at);
    this.put([at, 0, command | bytes.length, upper]);
  }

  kick(): void {
    this.write(reg.TDT, this.tail);
  }

  sentStatus(index: number): number {
    return this.words[(this.tx + index * 16) / 4 + 3] & 0xff;
  }
}

/** A packet of TCP or UDP from the guest to its peer. */
export const packet = (data: readonly number[], protocol: 6 | 17 = 6): Uint8Array => {
  const addresses = {source: '10.0.0.1', target: '10.0.0.2'};
  const payload = transport(protocol, addresses, [1000, 2000], data);
  return Uint8Array.from([...PEER_MAC, ...NIC_MAC, 8, 0, ...ipv4({...addresses, protocol, payload})]);
};
