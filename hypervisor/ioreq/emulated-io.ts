import {XEN_DMOP_IO_RANGE_MEMORY, XEN_DMOP_IO_RANGE_PCI, XEN_DMOP_IO_RANGE_PORT} from '../abi/hvm/dm-op.ts';
import {
  IOREQ_READ,
  IOREQ_TYPE_COPY,
  IOREQ_TYPE_PCI_CONFIG,
  IOREQ_TYPE_PIO,
  IOREQ_WRITE,
  STATE_IOREQ_NONE,
  STATE_IORESP_READY,
} from '../abi/hvm/ioreq.ts';
import {PAGE_SIZE} from '../memory/index.ts';
import {InterruptLines, type InterruptPins} from './interrupt-lines.ts';
import type {IoExit, MeterSlot} from './io-meter.ts';
import {type Answerer, IoreqServers} from './io-servers.ts';

const PCI_CONFIG_ADDRESS = 0xcf8;
const PCI_CONFIG_DATA = 0xcfc;
const PCI_CONFIG_ENABLE = 0x80000000;
const TWO_32 = 2 ** 32;
const ALL_ONES: Readonly<Record<number, number>> = {1: 0xff, 2: 0xffff, 4: 0xffffffff};

const exitOf: Readonly<Record<number, IoExit>> = {
  [IOREQ_TYPE_PIO]: 'pio',
  [IOREQ_TYPE_COPY]: 'mmio',
  [IOREQ_TYPE_PCI_CONFIG]: 'pci-config',
};
const rangeOf: Readonly<Record<number, number>> = {
  [IOREQ_TYPE_PIO]: XEN_DMOP_IO_RANGE_PORT,
  [IOREQ_TYPE_COPY]: XEN_DMOP_IO_RANGE_MEMORY,
  [IOREQ_TYPE_PCI_CONFIG]: XEN_DMOP_IO_RANGE_PCI,
};

/**
 * What an HVM domain's accesses to ports and to addresses without memory come to: an IOREQ server answers them, else reads
 * give all ones and writes go nowhere. The vCPU waits for the answer, so a device model is called and not told by an
 * event. Sizes are 1, 2 or 4 bytes.
 */
export class EmulatedIo {
  readonly servers: IoreqServers;
  readonly lines: InterruptLines;
  /** Who counts, when a ledger is kept. */
  readonly slot: MeterSlot;
  /** Xen keeps the last write to CF8 itself. */
  private configAddress = 0;

  constructor(vcpus: number, pins: InterruptPins, slot: MeterSlot = {meter: undefined}) {
    this.slot = slot;
    this.servers = new IoreqServers(vcpus);
    this.lines = new InterruptLines(pins);
  }

  readPort(vcpu: number, port: number, size: number): number {
    if (port === PCI_CONFIG_ADDRESS && size === 4) {
      this.slot.meter?.exit('pci-config', undefined);
      return this.configAddress;
    }
    return this.single(vcpu, this.portType(port, size), this.portAddress(port, size), size, IOREQ_READ, 0);
  }

  writePort(vcpu: number, port: number, size: number, value: number): void {
    if (port === PCI_CONFIG_ADDRESS && size === 4) {
      this.slot.meter?.exit('pci-config', undefined);
      this.configAddress = value >>> 0;
      return;
    }
    this.single(vcpu, this.portType(port, size), this.portAddress(port, size), size, IOREQ_WRITE, value);
  }

  /** REP INS to a physical address: an exit for each page that it touches. */
  readPortString(vcpu: number, port: number, size: number, address: number, count: number): void {
    this.string(vcpu, port, size, address, count, IOREQ_READ);
  }

  /** REP OUTS. */
  writePortString(vcpu: number, port: number, size: number, address: number, count: number): void {
    this.string(vcpu, port, size, address, count, IOREQ_WRITE);
  }

  readMemory(vcpu: number, address: number, size: number): number {
    return this.single(vcpu, IOREQ_TYPE_COPY, address, size, IOREQ_READ, 0);
  }

  writeMemory(vcpu: number, address: number, size: number, value: number): void {
    this.single(vcpu, IOREQ_TYPE_COPY, address, size, IOREQ_WRITE, value);
  }

  private isConfigAccess(port: number, size: number): boolean {
    const isData = port >= PCI_CONFIG_DATA && port + size <= PCI_CONFIG_DATA + 4;
    return isData && (this.configAddress & PCI_CONFIG_ENABLE) !== 0;
  }

  private portType(port: number, size: number): number {
    return this.isConfigAccess(port, size) ? IOREQ_TYPE_PCI_CONFIG : IOREQ_TYPE_PIO;
  }

  /** The port, or of an access through CFC the function and the offset as ioreq.h lays them out. */
  private portAddress(port: number, size: number): number {
    if (!this.isConfigAccess(port, size)) return port;
    const function_ = (this.configAddress >>> 8) & 0xffff;
    return function_ * TWO_32 + (this.configAddress & 0xfc) + (port & 3);
  }

  private single(vcpu: number, type: number, addr: number, size: number, dir: number, value: number): number {
    const answerer = this.answererOf(type, addr, size);
    this.slot.meter?.exit(exitOf[type], answerer?.range.owner);
    if (answerer === undefined) return ALL_ONES[size];
    return (this.ask(answerer, vcpu, type, addr, size, dir, 1, value, false) & ALL_ONES[size]) >>> 0;
  }

  private string(vcpu: number, port: number, size: number, address: number, count: number, dir: number): void {
    let at = address;
    for (let left = count; left > 0;) {
      const onPage = Math.floor((PAGE_SIZE - (at % PAGE_SIZE)) / size);
      // What lies across two pages is done by itself. @see Xen's hvmemul_do_io_addr
      const now = Math.min(left, Math.max(1, onPage));
      const answerer = this.answererOf(IOREQ_TYPE_PIO, port, size);
      this.slot.meter?.exit('pio', answerer?.range.owner);
      if (answerer !== undefined) this.ask(answerer, vcpu, IOREQ_TYPE_PIO, port, size, dir, now, at, true);
      at += now * size;
      left -= now;
    }
  }

  private answererOf(type: number, addr: number, size: number): Answerer | undefined {
    if (type !== IOREQ_TYPE_PCI_CONFIG) return this.servers.find(rangeOf[type], addr, addr + size - 1);
    const function_ = Math.floor(addr / TWO_32);
    return this.servers.find(rangeOf[type], function_, function_);
  }

  private ask(
    {server, range}: Answerer,
    vcpu: number,
    type: number,
    addr: number,
    size: number,
    dir: number,
    count: number,
    data: number,
    dataIsPtr: boolean,
  ): number {
    const request = server.requests[vcpu];
    request.fill(type, dir, addr, size, count, data, dataIsPtr);
    this.slot.meter?.ioreq(range.owner);
    server.handler(request);
    if (request.state !== STATE_IORESP_READY) throw new Error(`IOREQ server ${server.id} left a request unanswered`);
    request.state = STATE_IOREQ_NONE;
    return request.data;
  }
}
