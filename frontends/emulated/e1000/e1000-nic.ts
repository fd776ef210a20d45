import type {NativeMachine} from '../machine.ts';
import {NativeNic} from '../nic/index.ts';
import {type GuestPciDevice, PCI_COMMAND_MASTER, PCI_COMMAND_MEMORY} from '../pci.ts';
import {Receiver} from './receiver.ts';
import * as r from './registers.ts';
import {Transmitter} from './transmitter.ts';

const VENDOR_INTEL = 0x8086;
const DEVICE_82540EM = 0x100e;
const ALL = 0xffffffff;
/** What addresses read as where there is no controller any more. */
const GONE = 0xffffffff;
const CAUSES = r.ICR_TXDW | r.ICR_LSC | r.ICR_RXDMT0 | r.ICR_RXO | r.ICR_RXT0;

export interface E1000NicOptions {
  /**
   * Send combining: while an interrupt for earlier frames is to come, TDT waits for it and then tells of all.
   * @see Rizzo, Lettieri, Maffione, "Speeding up packet I/O in virtual machines", ANCS 2013
   */
  readonly combinesSends?: boolean;
  /** Shortest time between two interrupts, in 256 ns, as ITR has it; 0, which is the default, for none. */
  readonly throttle?: number;
}

/**
 * A driver of the 82540EM, as Linux's e1000 works: a write of TDT for each frame that is sent, one of RDT for 16 buffers,
 * and in each interrupt ICR, IMC, a read behind it, and IMS.
 */
export class E1000Nic extends NativeNic {
  readonly mac: Uint8Array;
  private readonly machine: NativeMachine;
  private readonly base: number;
  private readonly options: E1000NicOptions;
  private readonly receiver: Receiver;
  private readonly transmitter: Transmitter;
  private readonly freeLine: () => void;
  /** TDT as it was written last. */
  private tail = 0;

  /** Undefined: the device is none of these, or there is no memory for its rings. */
  static probe(
    machine: NativeMachine,
    pci: GuestPciDevice,
    name: string,
    options: E1000NicOptions = {},
  ): E1000Nic | undefined {
    if (pci.vendorId !== VENDOR_INTEL || pci.deviceId !== DEVICE_82540EM) return undefined;
    const receiver = Receiver.create(machine.ops);
    const transmitter = Transmitter.create(machine.ops);
    if (receiver !== undefined && transmitter !== undefined)
      return new E1000Nic(machine, pci, name, options, receiver, transmitter);
    receiver?.free();
    transmitter?.free();
    return undefined;
  }

  private constructor(
    machine: NativeMachine,
    pci: GuestPciDevice,
    name: string,
    options: E1000NicOptions,
    receiver: Receiver,
    transmitter: Transmitter,
  ) {
    super(name);
    this.machine = machine;
    this.options = options;
    this.receiver = receiver;
    this.transmitter = transmitter;
    pci.enable(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    this.base = pci.bar(0);
    this.write(r.IMC, ALL);
    this.write(r.CTRL, r.CTRL_RST);
    this.mac = this.readMac();
    this.freeLine = machine.interrupts.request(pci.irq, () => this.handleInterrupt());
    this.start();
  }

  protected transmit(frame: Uint8Array): boolean {
    const {transmitter} = this;
    const isFirst = transmitter.isIdle;
    const isTaken = transmitter.put(frame) || (transmitter.reap() && transmitter.put(frame));
    if (isFirst || !isTaken || this.options.combinesSends !== true) this.tellTail();
    return isTaken;
  }

  protected stop(): void {
    this.write(r.IMC, ALL);
    this.write(r.RCTL, 0);
    this.write(r.TCTL, 0);
    this.freeLine();
    this.receiver.free();
    this.transmitter.free();
  }

  /** The controller has loaded RAL and RAH from its EEPROM. */
  private readMac(): Uint8Array {
    const low = this.read(r.RAL0);
    const high = this.read(r.RAH0);
    return Uint8Array.of(low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8);
  }

  /** @see 317453, "General Initialization and Reset Operation" */
  private start(): void {
    const {receiver, transmitter} = this;
    this.write(r.CTRL, r.CTRL_SLU);
    this.write(r.TDBAL, transmitter.address);
    this.write(r.TDBAH, 0);
    this.write(r.TDLEN, transmitter.ringBytes);
    this.write(r.TDH, 0);
    this.write(r.TDT, 0);
    this.write(r.TIPG, r.TIPG_COPPER);
    this.write(r.TCTL, r.TCTL_EN | r.TCTL_PSP);
    this.write(r.RDBAL, receiver.address);
    this.write(r.RDBAH, 0);
    this.write(r.RDLEN, receiver.ringBytes);
    this.write(r.RDH, 0);
    this.write(r.RDT, receiver.firstTail);
    this.write(r.RXCSUM, r.RXCSUM_TUOFL);
    this.write(r.ITR, this.options.throttle ?? 0);
    this.write(r.RCTL, r.RCTL_EN | r.RCTL_MPE | r.RCTL_BAM | r.RCTL_SECRC);
    this.checkLink();
    this.write(r.IMS, CAUSES);
  }

  /** Masks, works, and unmasks, as a driver does that leaves the work to a softirq. */
  private handleInterrupt(): boolean {
    const causes = this.read(r.ICR);
    if (causes === 0 || causes === GONE) return false;
    this.write(r.IMC, ALL);
    // Gets the write there.
    this.read(r.STATUS);
    if ((causes & r.ICR_LSC) !== 0) this.checkLink();
    if ((causes & r.ICR_RXO) !== 0) this.counters.rxErrors++;
    if (this.transmitter.reap()) this.onRoom();
    this.tellTail();
    this.receiver.drain({
      take: (frame) => this.keep(frame),
      onError: () => this.counters.rxErrors++,
      give: (tail) => this.write(r.RDT, tail),
    });
    this.endBatch();
    this.write(r.IMS, CAUSES);
    return true;
  }

  private tellTail(): void {
    if (this.tail === this.transmitter.tail) return;
    this.tail = this.transmitter.tail;
    this.write(r.TDT, this.tail);
  }

  private checkLink(): void {
    this.setCarrier((this.read(r.STATUS) & r.STATUS_LU) !== 0);
  }

  private read(register: number): number {
    return this.machine.io.readMemory(this.base + register, 4);
  }

  private write(register: number, value: number): void {
    this.machine.io.writeMemory(this.base + register, 4, value >>> 0);
  }
}
