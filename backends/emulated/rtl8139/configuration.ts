import {Microwire} from '../nic/index.ts';
import type {RegisterFile, RegisterHooks} from '../registers/index.ts';
import {eepromMac} from './eeprom.ts';
import {
  CONFIG_MASKS,
  EECS,
  EEDI,
  EEDO,
  EEM_AUTOLOAD,
  EEM_CONFIG_WRITE,
  EEM_MASK,
  EEM_PROGRAMMING,
  EESK,
  type Rtl8139Register,
} from './registers.ts';

type ConfigName = keyof typeof CONFIG_MASKS;

/** The serial EEPROM behind 9346CR, and the registers that 9346CR locks. */
export class Configuration {
  readonly hooks: RegisterHooks<Rtl8139Register>;
  private readonly registers: () => RegisterFile<Rtl8139Register>;
  private readonly eeprom: Microwire;
  private readonly onAutoload: () => void;

  /** `onAutoload`: the driver wants all to be as the EEPROM says. */
  constructor(words: Uint16Array, registers: () => RegisterFile<Rtl8139Register>, onAutoload: () => void) {
    this.registers = registers;
    this.eeprom = new Microwire(words);
    this.onAutoload = onAutoload;
    const locked = (name: ConfigName) => ({write: (value: number) => this.configure(name, value)});
    this.hooks = {
      '9346CR': {read: () => this.read(), write: (value) => this.write(value)},
      CONFIG0: locked('CONFIG0'),
      CONFIG1: locked('CONFIG1'),
      CONFIG3: locked('CONFIG3'),
      CONFIG4: locked('CONFIG4'),
    };
  }

  /** IDR0 to IDR5 as the EEPROM has them. */
  loadMac(): void {
    const [a, b, c, d, e, f] = eepromMac(this.eeprom.words);
    this.registers().set('IDR0', a | (b << 8) | (c << 16) | (d << 24));
    this.registers().set('IDR4', e | (f << 8));
  }

  private get mode(): number {
    return this.registers().get('9346CR') & EEM_MASK;
  }

  private configure(name: ConfigName, value: number): void {
    if (this.mode !== EEM_CONFIG_WRITE) return;
    const mask = CONFIG_MASKS[name];
    this.registers().set(name, (this.registers().get(name) & ~mask) | (value & mask));
  }

  private read(): number {
    const value = this.registers().get('9346CR');
    return this.mode === EEM_PROGRAMMING && this.eeprom.dataOut ? value | EEDO : value;
  }

  private write(value: number): void {
    if (this.mode === EEM_AUTOLOAD) return this.onAutoload();
    const isProgramming = this.mode === EEM_PROGRAMMING;
    this.eeprom.setWires(isProgramming && (value & EECS) !== 0, (value & EESK) !== 0, (value & EEDI) !== 0);
  }
}
