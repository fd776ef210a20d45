import {plugChipset} from '../../backends/emulated/chipset/index.ts';
import {type IdeUnit, PiixIde} from '../../backends/emulated/ide/index.ts';
import {type GuestPciDevice, PCI_COMMAND_MASTER, scanPci} from '../../frontends/emulated/pci.ts';
import type {IoMeter} from '../../hypervisor/ioreq/index.ts';
import type {Schedule} from '../../hypervisor/schedule/index.ts';
import {EmulatedRig} from './emulated-rig.ts';

const PORTS = [0x1f0, 0x170];
const CONTROLS = [0x3f6, 0x376];
const IRQS = [14, 15];

export type Units = readonly (IdeUnit | undefined)[];

/** Parameters of a command: what is not given is 0. */
export interface TaskFile {
  features?: number;
  count?: number;
  lba?: number;
  /** Bits of Device beside those of the address; LBA by default. */
  device?: number;
}

/** An HVM guest with a PIIX3 whose IDE function has these drives, driven register by register. */
export class IdeRig extends EmulatedRig {
  readonly ide: PiixIde;
  readonly pci: GuestPciDevice;
  /** Interrupts of each channel so far. */
  readonly interrupts = [0, 0];
  private channel = 0;

  constructor(units: Units | ((schedule: Schedule) => Units)) {
    super();
    plugChipset(this.model);
    this.ide = new PiixIde(this.model, {units: typeof units === 'function' ? units(this.schedule) : units});
    this.ide.plug();
    this.setUpPci();
    const pci = scanPci(this.io).find(({deviceId}) => deviceId === 0x7010);
    if (pci === undefined) throw new Error('no IDE function');
    this.pci = pci;
    pci.enable(PCI_COMMAND_MASTER);
    for (const [channel, irq] of IRQS.entries()) {
      this.io.setInterruptHandler(irq, () => {
        this.interrupts[channel]++;
        this.io.endOfInterrupt(irq);
      });
    }
  }

  /** All that follows is about this channel. */
  useChannel(channel: number): void {
    this.channel = channel;
  }

  get port(): number {
    return PORTS[this.channel];
  }

  get busMaster(): number {
    return this.pci.bar(4) + this.channel * 8;
  }

  read(register: number): number {
    return this.io.readPort(this.port + register, 1);
  }

  write(register: number, value: number): void {
    this.io.writePort(this.port + register, 1, value);
  }

  writeControl(value: number): void {
    this.io.writePort(CONTROLS[this.channel], 1, value);
  }

  get altStatus(): number {
    return this.io.readPort(CONTROLS[this.channel], 1);
  }

  get status(): number {
    return this.read(7);
  }

  get error(): number {
    return this.read(1);
  }

  /** A command with a 28-bit address, or CHS, where `device` says so. */
  command(opcode: number, {features = 0, count = 0, lba = 0, device = 0x40}: TaskFile = {}): void {
    this.write(6, device | ((device & 0x40) === 0 ? 0 : (lba >>> 24) & 0x0f));
    this.writeAddress(features, count, lba);
    this.write(7, opcode);
  }

  /** A command with a 48-bit address. */
  commandExt(opcode: number, {features = 0, count = 0, lba = 0, device = 0x40}: TaskFile = {}): void {
    this.write(6, device);
    this.writeAddress(features >>> 8, count >>> 8, Math.floor(lba / 2 ** 24));
    this.writeAddress(features, count, lba % 2 ** 24);
    this.write(7, opcode);
  }

  /** Bytes through Data, in words. */
  readData(bytes: number): Uint8Array {
    const words = new Uint16Array(bytes / 2);
    for (let at = 0; at < words.length; at++) words[at] = this.io.readPort(this.port, 2);
    return new Uint8Array(words.buffer);
  }

  writeData(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 2) this.io.writePort(this.port, 2, bytes[at] | (bytes[at + 1] << 8));
  }

  /** A table of physical regions at `address`; the last ends it unless `endless`. */
  writePrds(address: number, regions: readonly {address: number; bytes: number}[], endless = false): void {
    const {u32} = this.guest.memory;
    for (const [index, region] of regions.entries()) {
      const at = address / 4 + index * 2;
      u32[at] = region.address;
      u32[at + 1] = (region.bytes & 0xffff) | (!endless && index === regions.length - 1 ? 0x80000000 : 0);
    }
    this.io.writePort(this.busMaster + 4, 4, address);
  }

  /** `toMemory`: the bus master writes what the drive sends. */
  startBusMaster(toMemory: boolean): void {
    this.io.writePort(this.busMaster, 1, toMemory ? 9 : 1);
  }

  stopBusMaster(): void {
    this.io.writePort(this.busMaster, 1, 0);
  }

  get busMasterStatus(): number {
    return this.io.readPort(this.busMaster + 2, 1);
  }

  /** Tells each event of the guest's emulated I/O that a meter counts, by its name. */
  meterIo(count: (event: keyof IoMeter) => void): void {
    const {io} = this.guest;
    if (io === undefined) throw new Error('no emulated I/O');
    io.slot.meter = new Proxy({} as IoMeter, {get: (_, event: keyof IoMeter) => () => count(event)});
  }

  /** Lets everybody do what is to be done. */
  settle(): Promise<void> {
    return this.schedule.sleep(1e6);
  }

  /** A byte of the guest's memory, or `length` of them. */
  memory(address: number, length: number): Uint8Array {
    return this.guest.memory.u8.subarray(address, address + length);
  }

  private writeAddress(features: number, count: number, lba: number): void {
    this.write(1, features & 0xff);
    this.write(2, count & 0xff);
    this.write(3, lba & 0xff);
    this.write(4, (lba >>> 8) & 0xff);
    this.write(5, (lba >>> 16) & 0xff);
  }
}

/** Bytes that tell where they are. */
export const pattern = (bytes: number, seed = 0): Uint8Array => {
  const data = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at++) data[at] = (at * 7 + (at >>> 9) * 13 + seed) & 0xff;
  return data;
};
