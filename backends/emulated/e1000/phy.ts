import {NS_PER_MS, type TaskQueue, type Timer} from '../../../hypervisor/schedule/index.ts';
import type {RegisterFile, RegisterHooks} from '../registers/index.ts';
import {
  type E1000Register,
  ICR_LSC,
  ICR_MDAC,
  MDIC_ERROR,
  MDIC_INT,
  MDIC_OP_READ,
  MDIC_OP_WRITE,
  MDIC_PHY_SHIFT,
  MDIC_READY,
  MDIC_REG_SHIFT,
} from './registers.ts';

/** Its address at the management bus. */
const ADDRESS = 1;
/** What two ends take that are there already: on a wire it is more than a second. */
const NEGOTIATION_NS = 10 * NS_PER_MS;

const BMCR = 0;
const BMSR = 1;
const ANLPAR = 5;
const STATUS_1000 = 10;
const SPECIFIC_STATUS = 17;
const BMCR_RESET = 1 << 15;
const BMCR_LOOPBACK = 1 << 14;
const BMCR_AUTONEG = 1 << 12;
const BMCR_RESTART = 1 << 9;
const BMCR_KEPT = 0x7dc0;
const BMSR_COMPLETE = 1 << 5;
const BMSR_LINK = 1 << 2;
const ANLPAR_ACK = 1 << 14;
const SPECIFIC_LINK = 1 << 10;

/** Registers of an 88E1011 after its reset: number, value, and whether it can be written. The others read as 0. */
const table = [
  [BMCR, 0x1140, 'rw'],
  [BMSR, 0x7949, 'ro'],
  // Its identity: Marvell, 88E1011.
  [2, 0x0141, 'ro'],
  [3, 0x0c20, 'ro'],
  // What we can do, and what the bridge can: 10 to 1000 Mbit/s.
  [4, 0x0de1, 'rw'],
  [ANLPAR, 0x01e1, 'ro'],
  [9, 0x0e00, 'rw'],
  [STATUS_1000, 0x3c00, 'ro'],
  [15, 0x3000, 'ro'],
  [16, 0x0360, 'rw'],
  [SPECIFIC_STATUS, 0xa800, 'ro'],
  [20, 0x0d60, 'rw'],
] as const;

const REGISTERS = 32;
const isWritable: ReadonlySet<number> = new Set(table.flatMap(([at, , access]) => (access === 'rw' ? [at] : [])));

export interface PhyOptions {
  schedule: TaskQueue;
  registers: () => RegisterFile<E1000Register>;
  /** Causes of interrupts. */
  raise: (causes: number) => void;
  /** The cable is in. */
  hasCable: () => boolean;
}

/** A Marvell 88E1011, the transceiver of an 82540EM, behind MDIC. @see SDM, "MDI Control Register" and "PHY Registers" */
export class Phy {
  readonly hooks: RegisterHooks<E1000Register>;
  private readonly options: PhyOptions;
  private readonly values = new Uint16Array(REGISTERS);
  private negotiation: Timer | undefined;
  private isLinked = false;

  constructor(options: PhyOptions) {
    this.options = options;
    this.hooks = {MDIC: {write: (value) => this.access(value)}};
    this.powerOn();
  }

  get hasLink(): boolean {
    return this.isLinked;
  }

  get isLoopback(): boolean {
    return (this.values[BMCR] & BMCR_LOOPBACK) !== 0;
  }

  /** As it is long before a guest looks at it: negotiated. */
  powerOn(): void {
    this.load();
    this.cancel();
    if (this.options.hasCable()) this.linkUp();
  }

  /** Also by CTRL. */
  reset(): void {
    this.load();
    this.negotiate();
  }

  /** The cable was put in or pulled. */
  cableChanged(): void {
    this.negotiate();
  }

  /** Stops what it is doing. */
  cancel(): void {
    this.negotiation?.cancel();
    this.negotiation = undefined;
  }

  private load(): void {
    this.values.fill(0);
    for (const [at, value] of table) this.values[at] = value;
    this.isLinked = false;
  }

  private access(value: number): void {
    const isOurs = ((value >>> MDIC_PHY_SHIFT) & 31) === ADDRESS;
    const at = (value >>> MDIC_REG_SHIFT) & 31;
    let result = value;
    if (!isOurs) result |= MDIC_ERROR;
    else if ((value & MDIC_OP_READ) !== 0) result = (value & ~0xffff) | this.values[at];
    else if ((value & MDIC_OP_WRITE) !== 0 && isWritable.has(at)) this.write(at, value & 0xffff);
    this.options.registers().set('MDIC', result | MDIC_READY);
    if ((value & MDIC_INT) !== 0) this.options.raise(ICR_MDAC);
  }

  private write(at: number, value: number): void {
    this.values[at] = value;
    if (at !== BMCR) return;
    this.values[BMCR] = value & BMCR_KEPT;
    if ((value & BMCR_RESET) !== 0) this.reset();
    else if ((value & BMCR_RESTART) !== 0) this.negotiate();
  }

  /** The link goes down, and up again once both ends agree, if there is a cable. */
  private negotiate(): void {
    this.cancel();
    const wasLinked = this.isLinked;
    this.linkDown();
    if (wasLinked) this.options.raise(ICR_LSC);
    if (!this.options.hasCable()) return;
    this.negotiation = this.options.schedule.after(NEGOTIATION_NS, () => {
      this.negotiation = undefined;
      this.linkUp();
      this.options.raise(ICR_LSC);
    });
  }

  private linkUp(): void {
    this.isLinked = true;
    const isNegotiated = (this.values[BMCR] & BMCR_AUTONEG) !== 0;
    this.values[BMSR] |= BMSR_LINK | (isNegotiated ? BMSR_COMPLETE : 0);
    this.values[ANLPAR] |= isNegotiated ? ANLPAR_ACK : 0;
    this.values[SPECIFIC_STATUS] |= SPECIFIC_LINK;
  }

  private linkDown(): void {
    this.isLinked = false;
    this.values[BMSR] &= ~(BMSR_LINK | BMSR_COMPLETE);
    this.values[ANLPAR] &= ~ANLPAR_ACK;
    this.values[SPECIFIC_STATUS] &= ~SPECIFIC_LINK;
  }
}
