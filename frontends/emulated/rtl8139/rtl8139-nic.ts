import type {Gfn} from '../../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {NativeMachine} from '../machine.ts';
import {NativeNic} from '../nic/index.ts';
import {type GuestPciDevice, PCI_COMMAND_IO, PCI_COMMAND_MASTER} from '../pci.ts';
import {Ports} from './ports.ts';
import {Receiver, RECEIVE_CAUSES, RX_RING_BYTES} from './receiver.ts';
import * as r from './registers.ts';
import {Transmitter, TX_BUFFER_BYTES} from './transmitter.ts';

const VENDOR_REALTEK = 0x10ec;
const DEVICE_8139 = 0x8139;
const MAC_BYTES = 6;
/** Reads of CR until the chip has reset itself. */
const RESET_POLLS = 1000;
/** What ports read as where there is no chip any more. */
const GONE = 0xffff;
const CAUSES = RECEIVE_CAUSES | r.ISR_RER | r.ISR_TOK | r.ISR_TER | r.ISR_PUN | r.ISR_SERR;
const RX_PAGES = Math.ceil(RX_RING_BYTES / PAGE_SIZE);
const TX_PAGES = Math.ceil(TX_BUFFER_BYTES / PAGE_SIZE);

/**
 * A driver of RTL8139s in C mode, by ports, as Linux's 8139too works: a TSD is written for each frame that is sent, CR and
 * CAPR are accessed for each that comes.
 */
export class Rtl8139Nic extends NativeNic {
  readonly mac: Uint8Array;
  private readonly machine: NativeMachine;
  private readonly ports: Ports;
  private readonly buffers: Gfn;
  private readonly receiver: Receiver;
  private readonly transmitter: Transmitter;
  private readonly freeLine: () => void;

  /** Undefined: the device is none of these, or there is no memory for its buffers. */
  static probe(machine: NativeMachine, pci: GuestPciDevice, name: string): Rtl8139Nic | undefined {
    if (pci.vendorId !== VENDOR_REALTEK || pci.deviceId !== DEVICE_8139) return undefined;
    const buffers = machine.ops.pages.allocContiguous(RX_PAGES + TX_PAGES);
    return buffers === undefined ? undefined : new Rtl8139Nic(machine, pci, name, buffers);
  }

  private constructor(machine: NativeMachine, pci: GuestPciDevice, name: string, buffers: Gfn) {
    super(name);
    this.machine = machine;
    this.buffers = buffers;
    pci.enable(PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    this.ports = new Ports(machine.io, pci.bar(0));
    this.mac = Uint8Array.from({length: MAC_BYTES}, (_, byte) => this.ports.in8(r.IDR0 + byte));
    const {memory} = machine.ops;
    this.receiver = new Receiver(this.ports, memory, buffers * PAGE_SIZE);
    this.transmitter = new Transmitter(this.ports, memory, (buffers + RX_PAGES) * PAGE_SIZE);
    this.freeLine = machine.interrupts.request(pci.irq, () => this.handleInterrupt());
    this.start();
  }

  protected transmit(frame: Uint8Array): boolean {
    return this.transmitter.send(frame);
  }

  protected stop(): void {
    this.ports.out16(r.IMR, 0);
    this.ports.out8(r.CR, 0);
    this.freeLine();
    this.machine.ops.pages.free(this.buffers, RX_PAGES + TX_PAGES);
  }

  /** @see Linux, rtl8139_hw_start */
  private start(): void {
    const {ports} = this;
    ports.out8(r.CR, r.CR_RST);
    for (let polls = 0; polls < RESET_POLLS && (ports.in8(r.CR) & r.CR_RST) !== 0; polls++);
    ports.out8(r.CR9346, r.CR9346_UNLOCK);
    this.receiver.start();
    ports.out8(r.CR, r.CR_RE | r.CR_TE);
    const accepted = r.RCR_APM | r.RCR_AM | r.RCR_AB;
    ports.out32(r.RCR, r.RCR_RXFTH_NONE | r.RCR_RBLEN_32K | r.RCR_MXDMA_UNLIMITED | r.RCR_WRAP | accepted);
    ports.out32(r.TCR, r.TCR_IFG_STANDARD | r.TCR_MXDMA_2K);
    ports.out8(r.CR9346, 0);
    this.transmitter.start();
    ports.out32(r.MPC, 0);
    ports.out32(r.MAR0, 0xffffffff);
    ports.out32(r.MAR0 + 4, 0xffffffff);
    this.checkLink();
    ports.out16(r.IMR, CAUSES);
  }

  private handleInterrupt(): boolean {
    const status = this.ports.in16(r.ISR);
    if ((status & CAUSES) === 0 || status === GONE) return false;
    // What the receiver takes care of it acknowledges as it goes.
    const others = status & ~RECEIVE_CAUSES;
    if (others !== 0) this.ports.out16(r.ISR, others);
    if ((status & r.ISR_PUN) !== 0) this.checkLink();
    if ((status & (r.ISR_RER | r.ISR_RXOVW)) !== 0) this.counters.rxErrors++;
    if ((status & (r.ISR_TOK | r.ISR_TER)) !== 0) this.reap();
    if ((status & RECEIVE_CAUSES) !== 0) this.receive();
    return true;
  }

  private reap(): void {
    this.counters.txErrors += this.transmitter.reap();
    this.onRoom();
  }

  private receive(): void {
    if (!this.receiver.drain((frame) => this.keep(frame))) this.counters.rxErrors++;
    this.endBatch();
  }

  private checkLink(): void {
    this.setCarrier((this.ports.in8(r.MSR) & r.MSR_LINKB) === 0);
  }
}
