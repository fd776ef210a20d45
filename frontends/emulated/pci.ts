import type {IoSize, PortIo} from '../../hypervisor/ioreq/index.ts';

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;
const ENABLE = 0x80000000;

const DEVICES = 32;
const FUNCTIONS = 8;
const NO_DEVICE = 0xffff;
const BAR0 = 0x10;
const COMMAND = 0x04;
const HEADER_TYPE = 0x0e;
const INTERRUPT_LINE = 0x3c;
const MULTI_FUNCTION = 0x80;

/** Bits of the command register. */
export const PCI_COMMAND_IO = 1 << 0;
export const PCI_COMMAND_MEMORY = 1 << 1;
export const PCI_COMMAND_MASTER = 1 << 2;

/** A function of bus 0 as the guest finds it, through configuration mechanism 1. */
export class GuestPciDevice {
  readonly device: number;
  readonly function: number;
  private readonly io: PortIo;

  constructor(io: PortIo, device: number, function_: number) {
    this.io = io;
    this.device = device;
    this.function = function_;
  }

  get vendorId(): number {
    return this.readConfig(0x00, 2);
  }

  get deviceId(): number {
    return this.readConfig(0x02, 2);
  }

  /** Base class, subclass and interface. */
  get classCode(): number {
    return this.readConfig(0x08, 4) >>> 8;
  }

  /** The line that its firmware routed its interrupt to. */
  get irq(): number {
    return this.readConfig(INTERRUPT_LINE, 1);
  }

  get isMultiFunction(): boolean {
    return (this.readConfig(HEADER_TYPE, 1) & MULTI_FUNCTION) !== 0;
  }

  /** Base of a range that the firmware has placed: a port or a physical address. */
  bar(index: number): number {
    const value = this.readConfig(BAR0 + index * 4, 4);
    return (value & 1) === 1 ? (value & ~3) >>> 0 : (value & ~15) >>> 0;
  }

  /** Sets PCI_COMMAND_* in addition to what is set. */
  enable(command: number): void {
    this.writeConfig(COMMAND, 2, this.readConfig(COMMAND, 2) | command);
  }

  readConfig(offset: number, size: IoSize): number {
    this.select(offset);
    return this.io.readPort(CONFIG_DATA + (offset & 3), size);
  }

  writeConfig(offset: number, size: IoSize, value: number): void {
    this.select(offset);
    this.io.writePort(CONFIG_DATA + (offset & 3), size, value);
  }

  /** "00:01.1 8086:7010" */
  toString(): string {
    const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
    return `00:${hex(this.device, 2)}.${this.function} ${hex(this.vendorId, 4)}:${hex(this.deviceId, 4)}`;
  }

  private select(offset: number): void {
    const place = (this.device << 11) | (this.function << 8);
    this.io.writePort(CONFIG_ADDRESS, 4, (ENABLE | place | (offset & 0xfc)) >>> 0);
  }
}

/** The functions on bus 0, by device. */
export const scanPci = (io: PortIo): GuestPciDevice[] => {
  const found: GuestPciDevice[] = [];
  for (let device = 0; device < DEVICES; device++) {
    for (let function_ = 0; function_ < FUNCTIONS; function_++) {
      const pci = new GuestPciDevice(io, device, function_);
      const isThere = pci.vendorId !== NO_DEVICE;
      if (isThere) found.push(pci);
      if (function_ === 0 && (!isThere || !pci.isMultiFunction)) break;
    }
  }
  return found;
};
