import type {DeviceModel} from '../bus/index.ts';
import {NicPort, type NicPortOptions} from '../nic/index.ts';
import {PciFunction} from '../pci/index.ts';
import {RegisterFile, type RegisterHooks} from '../registers/index.ts';
import type {Chip} from './chip.ts';
import {Configuration} from './configuration.ts';
import {CPlusReceiver} from './cplus-receiver.ts';
import {CPlusTransmitter} from './cplus-transmitter.ts';
import {eepromWords} from './eeprom.ts';
import {IntervalTimer} from './interval-timer.ts';
import {Media} from './media.ts';
import {ReceiveFilter} from './receive-filter.ts';
import {ReceiveRing} from './receive-ring.ts';
import {
  CPCR_CPRX,
  CPCR_CPTX,
  CR_BUFE,
  CR_RE,
  CR_RST,
  CR_TE,
  DTCCR_CMD,
  ISR_RER,
  ISR_ROK,
  ISR_RXOVW,
  ISR_TIMEOUT,
  KEPT_BY_RESET,
  RCR_RBLEN_SHIFT,
  registerTable,
  type Rtl8139Register,
  TCR_LOOPBACK,
  TPPOLL_HIGH,
  TPPOLL_NORMAL,
  TSD,
} from './registers.ts';
import {TallyCounters} from './tally-counters.ts';
import {TransmitSlots} from './transmit-slots.ts';

const OWNER = 'rtl8139';
const BAR_BYTES = 256;
const identity = {vendorId: 0x10ec, deviceId: 0x8139, revision: 0x20, classCode: 0x020000};
/** MPC has 24 bits. */
const MAX_MISSED = 0xffffff;
const TALLY_ALIGN = 64;

export interface Rtl8139Options extends NicPortOptions {
  mac: Uint8Array;
}

/**
 * A RealTek RTL8139C+: a 100 Mbit/s NIC with the four transmit slots and the receive ring of an RTL8139 (C mode), and with
 * rings of descriptors (C+ mode).
 * @see RealTek, RTL8139C+ datasheet 1.6; RTL8139 programming guide
 */
export class Rtl8139 implements Chip {
  readonly pci: PciFunction;
  readonly registers: RegisterFile<Rtl8139Register>;
  readonly dma: Chip['dma'];
  readonly port: NicPort;
  readonly tally = new TallyCounters();
  private readonly model: DeviceModel;
  private readonly configuration: Configuration;
  private readonly media: Media;
  private readonly timer: IntervalTimer;
  private readonly filter: ReceiveFilter;
  private readonly ring = new ReceiveRing(this);
  private readonly slots = new TransmitSlots(this);
  private readonly cplusReceiver: CPlusReceiver;
  private readonly normalRing: CPlusTransmitter;
  private readonly highRing: CPlusTransmitter;
  /** What CR and RCR were before a write. */
  private command = 0;
  private ringSize = 0;
  /** CPCR was written: registers that have two meanings have those of C+ mode. */
  private isCPlus = false;

  constructor(model: DeviceModel, options: Rtl8139Options) {
    this.model = model;
    this.dma = model.dmaFor(OWNER);
    this.port = new NicPort(options, {
      receive: (frame) => this.receive(frame),
      onFrame: () => model.countRequest(OWNER),
      onMissed: () => this.miss(),
    });
    this.timer = new IntervalTimer(model.schedule, () => this.raise(ISR_TIMEOUT));
    const registers = (): RegisterFile<Rtl8139Register> => this.registers;
    const words = eepromWords(options.mac, identity.vendorId, identity.deviceId);
    this.configuration = new Configuration(words, registers, () => this.reset());
    this.media = new Media({registers, port: this.port, raise: (causes) => this.raise(causes)});
    const hooks = {...this.configuration.hooks, ...this.media.hooks, ...this.hooks()};
    this.registers = new RegisterFile<Rtl8139Register>(registerTable, hooks);
    this.filter = new ReceiveFilter(this.registers);
    this.cplusReceiver = new CPlusReceiver(this);
    this.normalRing = new CPlusTransmitter(this, ['TSAD0', 'TSAD1']);
    this.highRing = new CPlusTransmitter(this, ['TSAD2', 'TSAD3']);
    this.pci = new PciFunction({
      owner: OWNER,
      identity,
      bars: [
        {space: 'io', sizeBytes: BAR_BYTES, device: this.registers},
        {space: 'memory', sizeBytes: BAR_BYTES, device: this.registers},
      ],
      interruptPin: 1,
    });
    this.configuration.loadMac();
  }

  /** Puts it into a slot of the guest's bus 0, and at its bridge. Throws when either is taken or full. */
  plug(slot: number): void {
    this.port.attach();
    this.pci.plug(this.model, slot);
  }

  /** Takes it out of both. */
  unplug(): void {
    this.timer.matchAt = 0;
    this.port.detach();
    this.pci.unplug();
  }

  /** The cable is in, or out. */
  setLink(isUp: boolean): void {
    if (this.port.isUp === isUp) return;
    this.port.isUp = isUp;
    this.media.linkChanged();
  }

  /** As after power on. */
  reset(): void {
    this.softReset();
    this.registers.reset();
    this.configuration.loadMac();
  }

  /** What the chip has counted. */
  stats(): Readonly<Record<string, number>> {
    return this.tally.toObject();
  }

  toString(): string {
    return `${OWNER} ${String(this.port)}, ${this.isCPlus ? 'C+' : 'C'} mode, ${String(this.registers)}`;
  }

  /** Sets causes in ISR. */
  raise(causes: number): void {
    this.registers.set('ISR', this.registers.get('ISR') | causes);
    this.updateInterrupt();
  }

  /** Sends a frame, or gives it to the receiver in loopback. */
  transmit(frame: Uint8Array, offload?: number): void {
    const isLoopback = (this.registers.get('TCR') & TCR_LOOPBACK) === TCR_LOOPBACK;
    if (!isLoopback) this.port.put(frame, offload);
    else if (!this.receive(frame)) this.miss();
  }

  private hooks(): RegisterHooks<Rtl8139Register> {
    return {
      ...Object.fromEntries(TSD.map((name, slot) => [name, {write: (value: number) => this.writeTsd(slot, value)}])),
      CR: {read: () => this.command | (this.ring.isEmpty ? CR_BUFE : 0), write: (value) => this.writeCommand(value)},
      CAPR: {write: () => this.port.retry()},
      IMR: {write: () => this.acknowledged()},
      ISR: {write: () => this.acknowledged()},
      RCR: {write: (value) => this.writeReceiveConfig(value)},
      TCTR: {read: () => this.timer.count, write: () => this.timer.restart()},
      TimerInt: {write: (value) => void (this.timer.matchAt = value)},
      MPC: {write: () => this.registers.set('MPC', 0)},
      TSAD: {read: () => this.slots.summary},
      TPPoll: {write: (value) => this.poll(value)},
      CPCR: {write: () => void (this.isCPlus = true)},
    };
  }

  private writeCommand(value: number): void {
    if ((value & CR_RST) !== 0) return this.softReset();
    const turnedOn = value & ~this.command;
    this.command = this.registers.get('CR');
    if ((turnedOn & CR_RE) !== 0) {
      this.ring.reset();
      this.cplusReceiver.reset();
    }
    if ((turnedOn & CR_TE) !== 0) {
      this.slots.reset();
      this.normalRing.reset();
      this.highRing.reset();
    }
    if ((this.command & CR_RE) === 0) this.port.forget();
  }

  /** @see datasheet, "Command Register", RST */
  private softReset(): void {
    const kept = KEPT_BY_RESET.map((name) => [name, this.registers.get(name)] as const);
    this.registers.reset();
    for (const [name, value] of kept) this.registers.set(name, value);
    this.command = 0;
    this.ringSize = 0;
    this.isCPlus = false;
    this.timer.matchAt = 0;
    this.tally.reset();
    this.port.forget();
    this.updateInterrupt();
  }

  private writeReceiveConfig(value: number): void {
    const ringSize = (value >>> RCR_RBLEN_SHIFT) & 3;
    if (ringSize !== this.ringSize) this.ring.reset();
    this.ringSize = ringSize;
  }

  private writeTsd(slot: number, value: number): void {
    if (this.isCPlus) return this.dumpTally();
    this.slots.written(slot, value);
    if (this.isOn(CR_TE)) this.slots.run();
  }

  private dumpTally(): void {
    const low = this.registers.get('TSD0');
    if ((low & DTCCR_CMD) === 0 || !this.pci.isBusMaster) return;
    this.tally.dump(this.dma, low - (low % TALLY_ALIGN) + this.registers.get('TSD1') * 2 ** 32);
    this.registers.set('TSD0', low & ~DTCCR_CMD);
  }

  private poll(value: number): void {
    if (!this.isOn(CR_TE) || (this.registers.get('CPCR') & CPCR_CPTX) === 0) return;
    if ((value & TPPOLL_HIGH) !== 0) this.highRing.run();
    if ((value & TPPOLL_NORMAL) !== 0) this.normalRing.run();
  }

  /** The receiver or the transmitter is on, and can reach memory. */
  private isOn(part: number): boolean {
    return (this.command & part) !== 0 && this.pci.isBusMaster;
  }

  private receive(frame: Uint8Array): boolean {
    if (!this.isOn(CR_RE)) return true;
    const kind = this.filter.admit(frame);
    if (kind === undefined) return true;
    const isCPlus = (this.registers.get('CPCR') & CPCR_CPRX) !== 0;
    if (isCPlus && !this.cplusReceiver.hasRing) return true;
    const reception = (isCPlus ? this.cplusReceiver : this.ring).put(frame, kind);
    if (reception === 'stored') {
      this.tally.countReceived(kind);
      this.raise(ISR_ROK);
    } else if (reception === 'too-long') {
      this.tally.count('rxErrors');
      this.raise(ISR_RER);
    } else if (isCPlus) this.raise(ISR_RXOVW);
    return reception !== 'full';
  }

  private miss(): void {
    this.registers.set('MPC', Math.min(this.registers.get('MPC') + 1, MAX_MISSED));
    this.tally.count('missed');
    this.raise(ISR_RXOVW);
  }

  /** In C+ mode the driver gives descriptors back without a word; it has done so when it has dealt with an interrupt. */
  private acknowledged(): void {
    this.updateInterrupt();
    if (this.isCPlus) this.port.retry();
  }

  private updateInterrupt(): void {
    this.pci.setInterrupt((this.registers.get('ISR') & this.registers.get('IMR')) !== 0);
  }
}
