import {Microwire, MICROWIRE_WORDS} from '../nic/index.ts';
import type {RegisterFile, RegisterHooks} from '../registers/index.ts';
import {
  type E1000Register,
  EECD_CS,
  EECD_DI,
  EECD_DO,
  EECD_GNT,
  EECD_REQ,
  EECD_SK,
  EERD_ADDRESS_SHIFT,
  EERD_DATA_SHIFT,
  EERD_DONE,
  EERD_START,
} from './registers.ts';

/** Where the words are. @see SDM, "EEPROM Address Map" */
const INIT_CONTROL_1 = 0x0a;
const SUBSYSTEM_ID = 0x0b;
const SUBSYSTEM_VENDOR = 0x0c;
const DEVICE_ID = 0x0d;
const VENDOR_ID = 0x0e;
const INIT_CONTROL_2 = 0x0f;
const CHECKSUM = 0x3f;
/** What all words add up to. */
const SUM = 0xbaba;
/** The EEPROM is valid; its identity is to be used. */
const CONTROL_1 = 0x6403;
/** Pause frames both ways, full duplex. */
const CONTROL_2 = 0x3040;

/** What the EEPROM of a card with this address holds. */
export const eepromWords = (mac: Uint8Array, vendorId: number, deviceId: number): Uint16Array => {
  const words = new Uint16Array(MICROWIRE_WORDS);
  for (let i = 0; i < 3; i++) words[i] = mac[i * 2] | (mac[i * 2 + 1] << 8);
  words[INIT_CONTROL_1] = CONTROL_1;
  words[SUBSYSTEM_ID] = words[DEVICE_ID] = deviceId;
  words[SUBSYSTEM_VENDOR] = words[VENDOR_ID] = vendorId;
  words[INIT_CONTROL_2] = CONTROL_2;
  words[CHECKSUM] = SUM - words.reduce((sum, word) => sum + word, 0);
  return words;
};

/** The EEPROM as software reaches it: by its wires in EECD, or a word at a time by EERD. */
export class Eeprom {
  readonly hooks: RegisterHooks<E1000Register>;
  private readonly registers: () => RegisterFile<E1000Register>;
  private readonly chip: Microwire;

  constructor(words: Uint16Array, registers: () => RegisterFile<E1000Register>) {
    this.registers = registers;
    this.chip = new Microwire(words);
    this.hooks = {
      EECD: {read: () => this.readWires(), write: (value) => this.writeWires(value)},
      EERD: {write: (value) => this.readWord(value)},
    };
  }

  /** RAL and RAH of the address that it holds, without AV. */
  get macWords(): readonly [number, number] {
    const [a, b, c] = this.chip.words;
    return [(a | (b << 16)) >>> 0, c];
  }

  private readWires(): number {
    const value = this.registers().get('EECD');
    const granted = (value & EECD_REQ) === 0 ? 0 : EECD_GNT;
    return value | granted | (this.chip.dataOut ? EECD_DO : 0);
  }

  private writeWires(value: number): void {
    this.chip.setWires((value & EECD_CS) !== 0, (value & EECD_SK) !== 0, (value & EECD_DI) !== 0);
  }

  private readWord(value: number): void {
    const address = (value >>> EERD_ADDRESS_SHIFT) & 0xff;
    if ((value & EERD_START) === 0) return;
    const word = this.chip.words[address] ?? 0;
    this.registers().set('EERD', (word << EERD_DATA_SHIFT) | (address << EERD_ADDRESS_SHIFT) | EERD_DONE);
  }
}
