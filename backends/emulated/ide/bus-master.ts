import type {GuestDma, IoDevice} from '../bus/index.ts';
import {type Register, RegisterFile} from '../registers/index.ts';
import {PrdCursor} from './prd-cursor.ts';

/** Bits of BMICX. */
const START = 1 << 0;
/** The bus master writes to memory. */
const WRITES_MEMORY = 1 << 3;

/** Bits of BMISX. */
const ACTIVE = 1 << 0;
const DMA_ERROR = 1 << 1;
const INTERRUPT = 1 << 2;
/** Firmware says which drives are set up for DMA. */
const DRIVES_CAPABLE = (1 << 5) | (1 << 6);

const CHANNEL_PORTS = 8;

type BusMasterName = 'BMICX' | 'BMISX' | 'BMIDTPX';

/** @see Intel 82371SB (PIIX3), "PCI Bus Master IDE registers" */
const table: readonly Register<BusMasterName>[] = [
  {name: 'BMICX', offset: 0, size: 1, access: 'rw', mask: START | WRITES_MEMORY},
  {name: 'BMISX', offset: 2, size: 1, access: 'w1c', mask: DMA_ERROR | INTERRUPT},
  {name: 'BMIDTPX', offset: 4, size: 4, access: 'rw', mask: 0xffff_fffc},
];

/** One channel's bus master: moves a drive's data from or to the guest's memory while it is started. */
export class BusMaster {
  readonly registers: RegisterFile<BusMasterName>;
  private readonly dma: GuestDma;
  private readonly mayMaster: () => boolean;
  private readonly cursor: PrdCursor;
  /** What a drive does as soon as the bus master is started: its DMARQ. */
  private waiting: (() => void) | undefined;
  /** START as it was written last: only a change of it means something. */
  private wasStarted = false;

  /** `mayMaster`: the PCI function's command register lets it access memory. */
  constructor(dma: GuestDma, mayMaster: () => boolean) {
    this.dma = dma;
    this.mayMaster = mayMaster;
    this.cursor = new PrdCursor(dma);
    this.registers = new RegisterFile(table, {
      BMICX: {write: (value) => this.command(value)},
      BMISX: {write: (value) => this.setStatus(DRIVES_CAPABLE, value & DRIVES_CAPABLE)},
    });
  }

  /** A drive asks for a transfer: `begin` is called when it can. One at a time. */
  request(begin: () => void): void {
    this.waiting = begin;
    this.beginWaiting();
  }

  /** The drive does not ask any more. */
  withdraw(): void {
    this.waiting = undefined;
  }

  /** Moves bytes from the drive. Returns how many the table had room for; 0 when the bus master does not do that now. */
  toMemory(bytes: Uint8Array): number {
    return this.move(bytes, WRITES_MEMORY, (address, piece) => this.dma.write(address, piece));
  }

  /** Moves bytes to the drive. */
  fromMemory(into: Uint8Array): number {
    return this.move(into, 0, (address, piece) => this.dma.read(address, piece));
  }

  /** INTRQ of the channel has risen. */
  interrupt(): void {
    this.setStatus(INTERRUPT, INTERRUPT);
  }

  reset(): void {
    this.registers.reset();
    this.waiting = undefined;
    this.wasStarted = false;
  }

  private move(bytes: Uint8Array, direction: number, transfer: (address: number, piece: Uint8Array) => void): number {
    if (!this.isActive || (this.registers.get('BMICX') & WRITES_MEMORY) !== direction) return 0;
    let moved = 0;
    while (moved < bytes.length) {
      const taken = this.cursor.take(bytes.length - moved);
      if (taken === 0) break;
      transfer(this.cursor.address, bytes.subarray(moved, moved + taken));
      moved += taken;
    }
    if (this.cursor.isAtEnd || moved < bytes.length) this.setStatus(ACTIVE, 0);
    return moved;
  }

  private get isActive(): boolean {
    return (this.registers.get('BMISX') & ACTIVE) !== 0;
  }

  private command(value: number): void {
    const isStarted = (value & START) !== 0;
    if (isStarted === this.wasStarted) return;
    this.wasStarted = isStarted;
    if (!isStarted) return this.setStatus(ACTIVE, 0);
    if (!this.mayMaster()) return;
    this.cursor.start(this.registers.get('BMIDTPX'));
    this.setStatus(ACTIVE, ACTIVE);
    this.beginWaiting();
  }

  private beginWaiting(): void {
    const begin = this.waiting;
    if (begin === undefined || !this.isActive) return;
    this.waiting = undefined;
    begin();
  }

  private setStatus(mask: number, bits: number): void {
    this.registers.set('BMISX', (this.registers.get('BMISX') & ~mask) | bits);
  }
}

/** The 16 ports behind BAR4: the primary channel's bus master, then the secondary's. */
export const busMasterPorts = (masters: readonly BusMaster[]): IoDevice => {
  const registersAt = (offset: number) => masters[Math.floor(offset / CHANNEL_PORTS)].registers;
  return {
    read: (offset, size) => registersAt(offset).read(offset % CHANNEL_PORTS, size),
    write: (offset, size, value) => registersAt(offset).write(offset % CHANNEL_PORTS, size, value),
  };
};
