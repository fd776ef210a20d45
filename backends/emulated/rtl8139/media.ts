import type {NicPort} from '../nic/index.ts';
import type {RegisterFile, RegisterHooks} from '../registers/index.ts';
import {
  BMCR_RESET,
  BMCR_RESTART,
  BMSR_LINK,
  CSCR_LINK_CHANGED,
  ISR_PUN,
  MSR_LINKB,
  type Rtl8139Register,
} from './registers.ts';

/** 100 Mbit/s, full duplex, by negotiation. */
const BMCR_DEFAULT = 0x3100;

export interface MediaOptions {
  registers: () => RegisterFile<Rtl8139Register>;
  port: NicPort;
  raise: (causes: number) => void;
}

/** The transceiver: negotiation is over at once, what the link is doing is the port's affair. */
export class Media {
  readonly hooks: RegisterHooks<Rtl8139Register>;
  private readonly options: MediaOptions;

  constructor(options: MediaOptions) {
    this.options = options;
    const {registers, port} = options;
    this.hooks = {
      MSR: {read: () => registers().get('MSR') | (port.isUp ? 0 : MSR_LINKB)},
      BMCR: {write: (value) => this.control(value)},
      BMSR: {read: () => registers().get('BMSR') | (port.isUp ? BMSR_LINK : 0)},
      CSCR: {read: () => this.readStatus()},
    };
  }

  linkChanged(): void {
    const registers = this.options.registers();
    registers.set('CSCR', registers.get('CSCR') | CSCR_LINK_CHANGED);
    this.options.raise(ISR_PUN);
  }

  private control(value: number): void {
    if ((value & BMCR_RESET) !== 0) this.options.registers().set('BMCR', BMCR_DEFAULT);
    if ((value & BMCR_RESTART) !== 0) this.linkChanged();
  }

  private readStatus(): number {
    const registers = this.options.registers();
    const value = registers.get('CSCR');
    registers.set('CSCR', value & ~CSCR_LINK_CHANGED);
    return value;
  }
}
