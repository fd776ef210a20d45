import type {DomainMemory} from '../../../hypervisor/memory/index.ts';
import type {Ports} from './ports.ts';
import {CAPR, CR, CR_BUFE, CR_RE, ISR, ISR_FOVW, ISR_ROK, ISR_RXOVW, RBSTART} from './registers.ts';

const RING_BYTES = 32768;
/** Behind the ring: the end of a frame that begins in it. */
const OVERHANG_BYTES = 2048;
const HEADER_BYTES = 4;
const CRC_BYTES = 4;
const CAPR_BIAS = 16;
const RECEIVE_OK = 1 << 0;
const MIN_SIZE = 8;
const MAX_SIZE = 1792 + CRC_BYTES;
/** Causes of which the receiver takes care. */
export const RECEIVE_CAUSES = ISR_ROK | ISR_RXOVW | ISR_FOVW;

/** What the ring takes. */
export const RX_RING_BYTES = RING_BYTES + OVERHANG_BYTES;

/** The receive ring of bytes. */
export class Receiver {
  private readonly ports: Ports;
  private readonly memory: DomainMemory;
  private readonly ring: number;
  private readAt = 0;
  private isAcknowledged = false;

  /** `ring`: the physical address of RX_RING_BYTES. */
  constructor(ports: Ports, memory: DomainMemory, ring: number) {
    this.ports = ports;
    this.memory = memory;
    this.ring = ring;
  }

  /** Tells the chip where the ring is; the receiver is off, and begins at its start. */
  start(): void {
    this.readAt = 0;
    this.ports.out32(RBSTART, this.ring);
  }

  /** Takes what is in the ring: the bytes are `take`'s during the call. False: the ring made no sense and is begun anew. */
  drain(take: (frame: Uint8Array) => void): boolean {
    this.isAcknowledged = false;
    while ((this.ports.in8(CR) & CR_BUFE) === 0) {
      const {u8} = this.memory;
      const at = this.ring + this.readAt;
      const status = u8[at] | (u8[at + 1] << 8);
      const size = u8[at + 2] | (u8[at + 3] << 8);
      if ((status & RECEIVE_OK) === 0 || size < MIN_SIZE || size > MAX_SIZE) return this.restart();
      take(u8.subarray(at + HEADER_BYTES, at + HEADER_BYTES + size - CRC_BYTES));
      this.readAt = ((this.readAt + HEADER_BYTES + size + 3) & ~3) % RING_BYTES;
      this.ports.out16(CAPR, (this.readAt - CAPR_BIAS) & 0xffff);
      this.acknowledge();
    }
    if (!this.isAcknowledged) this.acknowledge();
    return true;
  }

  private acknowledge(): void {
    this.isAcknowledged = true;
    const causes = this.ports.in16(ISR) & RECEIVE_CAUSES;
    if (causes !== 0) this.ports.out16(ISR, causes);
  }

  /** Turning the receiver off and on takes both ends to the start of the ring. */
  private restart(): false {
    const command = this.ports.in8(CR);
    this.ports.out8(CR, command & ~CR_RE);
    this.ports.out8(CR, command);
    this.readAt = 0;
    return false;
  }
}
