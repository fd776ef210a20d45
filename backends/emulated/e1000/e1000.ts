import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import type {DeviceModel, IoDevice} from '../bus/index.ts';
import {NicPort, type NicPortOptions} from '../nic/index.ts';
import {PciFunction} from '../pci/index.ts';
import {RegisterFile, type RegisterHooks} from '../registers/index.ts';
import type {Chip} from './chip.ts';
import {Eeprom, eepromWords} from './eeprom.ts';
import {Interrupts} from './interrupts.ts';
import {IoWindow} from './io-window.ts';
import {Phy} from './phy.ts';
import {ReceiveFilter} from './receive-filter.ts';
import {Receiver} from './receiver.ts';
import type {RegisterRow} from './register-array.ts';
import {
  CTRL_PHY_RST,
  CTRL_RST,
  type E1000Register,
  FPD,
  ICR_RXO,
  RCTL_EN,
  RCTL_LBM,
  registerTable,
  STATUS_LU,
} from './registers.ts';
import {Statistics} from './statistics.ts';
import {Transmitter} from './transmitter.ts';

const OWNER = 'e1000';
const MEMORY_BYTES = 0x20000;
const IO_BYTES = 64;
const identity = {vendorId: 0x8086, deviceId: 0x100e, revision: 0x03, classCode: 0x020000};

export interface E1000Options extends NicPortOptions {
  mac: Uint8Array;
}

/**
 * An Intel 82540EM, the gigabit NIC that the e1000 drivers are named for.
 * @see Intel, PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual, 317453
 */
export class E1000 implements Chip, IoDevice {
  readonly pci: PciFunction;
  readonly registers: RegisterFile<E1000Register>;
  readonly statistics = new Statistics();
  readonly dma: Chip['dma'];
  readonly schedule: TaskQueue;
  readonly port: NicPort;
  private readonly model: DeviceModel;
  private readonly eeprom: Eeprom;
  private readonly phy: Phy;
  private readonly interrupts: Interrupts;
  private readonly filter: ReceiveFilter;
  private readonly receiver: Receiver;
  private readonly transmitter: Transmitter;
  private readonly rows: readonly RegisterRow[];

  constructor(model: DeviceModel, options: E1000Options) {
    this.model = model;
    this.schedule = model.schedule;
    this.dma = model.dmaFor(OWNER);
    this.port = new NicPort(options, {
      receive: (frame) => this.receive(frame),
      onFrame: () => model.countRequest(OWNER),
      onMissed: () => this.miss(),
    });
    const {schedule} = model;
    const registers = (): RegisterFile<E1000Register> => this.registers;
    const raise = (causes: number): void => this.raise(causes);
    this.eeprom = new Eeprom(eepromWords(options.mac, identity.vendorId, identity.deviceId), registers);
    this.phy = new Phy({schedule, registers, raise, hasCable: () => this.port.isUp});
    this.interrupts = new Interrupts({schedule, registers, setLevel: (level) => this.pci.setInterrupt(level)});
    const hooks = {...this.eeprom.hooks, ...this.phy.hooks, ...this.interrupts.hooks, ...this.hooks()};
    this.registers = new RegisterFile<E1000Register>(registerTable, hooks);
    this.filter = new ReceiveFilter(registers);
    this.receiver = new Receiver(this);
    this.transmitter = new Transmitter(this);
    this.rows = [this.statistics.row, ...this.filter.rows];
    this.pci = new PciFunction({
      owner: OWNER,
      identity,
      bars: [
        {space: 'memory', sizeBytes: MEMORY_BYTES, device: this},
        {space: 'io', sizeBytes: IO_BYTES, device: new IoWindow(this, MEMORY_BYTES)},
      ],
      interruptPin: 1,
    });
    this.filter.reset(this.eeprom.macWords);
  }

  /** Puts it into a slot of the guest's bus 0, and at its bridge. Throws when either is taken or full. */
  plug(slot: number): void {
    this.port.attach();
    this.pci.plug(this.model, slot);
  }

  /** Takes it out of both. */
  unplug(): void {
    this.reset();
    this.phy.cancel();
    this.port.detach();
    this.pci.unplug();
  }

  /** The cable is in, or out. */
  setLink(isUp: boolean): void {
    if (this.port.isUp === isUp) return;
    this.port.isUp = isUp;
    this.phy.cableChanged();
  }

  /** As after power on, and by CTRL.RST, which leaves the transceiver alone. */
  reset(): void {
    this.registers.reset();
    this.statistics.reset();
    this.filter.reset(this.eeprom.macWords);
    this.receiver.reset();
    this.transmitter.reset();
    this.interrupts.reset();
    this.port.forget();
  }

  /** Counters since they were read last, by the names of their registers. */
  stats(): Readonly<Record<string, number>> {
    return this.statistics.toObject();
  }

  toString(): string {
    return `${OWNER} ${String(this.port)}, ${String(this.registers)}`;
  }

  read(offset: number, size: IoSize): number {
    const row = this.rowAt(offset);
    return row === undefined ? this.registers.read(offset, size) : row.device.read(offset - row.start, size);
  }

  write(offset: number, size: IoSize, value: number): void {
    const row = this.rowAt(offset);
    if (row === undefined) this.registers.write(offset, size, value);
    else row.device.write(offset - row.start, size, value);
  }

  get isBusMaster(): boolean {
    return this.pci.isBusMaster;
  }

  get hasLink(): boolean {
    return this.phy.hasLink;
  }

  raise(causes: number): void {
    this.interrupts.raise(causes);
  }

  transmit(frame: Uint8Array): void {
    const isLoopback = this.phy.isLoopback || (this.registers.get('RCTL') & RCTL_LBM) !== 0;
    if (!isLoopback) {
      if (this.hasLink) this.port.put(frame);
    } else if (!this.take(frame)) this.miss();
  }

  private hooks(): RegisterHooks<E1000Register> {
    const flushing = (engine: () => Receiver | Transmitter) => ({
      write: (value: number) => {
        if ((value & FPD) !== 0) engine().flush();
      },
    });
    return {
      CTRL: {write: (value) => this.control(value)},
      STATUS: {read: () => this.registers.get('STATUS') | (this.hasLink ? STATUS_LU : 0)},
      RCTL: {write: (value) => this.receiveControl(value)},
      RDT: {write: () => this.port.retry()},
      RDTR: flushing(() => this.receiver),
      TIDV: flushing(() => this.transmitter),
      TCTL: {write: () => this.transmitter.run()},
      TDT: {write: () => this.transmitter.run()},
    };
  }

  private rowAt(offset: number): RegisterRow | undefined {
    return this.rows.find(({start, bytes}) => offset >= start && offset < start + bytes);
  }

  private control(value: number): void {
    if ((value & CTRL_PHY_RST) !== 0) this.phy.reset();
    if ((value & CTRL_RST) !== 0) this.reset();
  }

  private receiveControl(value: number): void {
    if ((value & RCTL_EN) === 0) this.port.forget();
    else this.port.retry();
  }

  private receive(frame: Uint8Array): boolean {
    return !this.hasLink || this.take(frame);
  }

  /** False: the driver has given no buffer. */
  private take(frame: Uint8Array): boolean {
    const isOn = (this.registers.get('RCTL') & RCTL_EN) !== 0 && this.isBusMaster;
    if (!isOn || !this.filter.admits(frame)) return true;
    const reception = this.receiver.put(frame);
    if (reception === 'too-long') this.statistics.count('ROC');
    return reception !== 'full';
  }

  private miss(): void {
    this.statistics.count('MPC');
    this.statistics.count('RNBC');
    this.raise(ICR_RXO);
  }
}
