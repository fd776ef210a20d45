import {
  XEN_DMOP_IO_RANGE_MEMORY,
  XEN_DMOP_IO_RANGE_PCI,
  XEN_DMOP_IO_RANGE_PORT,
} from '../../../hypervisor/abi/hvm/dm-op.ts';
import {
  IOREQ_READ,
  IOREQ_TYPE_COPY,
  IOREQ_TYPE_PCI_CONFIG,
  IOREQ_TYPE_PIO,
  STATE_IORESP_READY,
} from '../../../hypervisor/abi/hvm/ioreq.ts';
import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {DmOps, Ioreq, IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {GuestDma} from './guest-dma.ts';
import type {IoDevice} from './io-device.ts';

/** Of an ioreq of REP INS or OUTS: Xen asks for a page at most. */
const MAX_STRING_BYTES = 4096;
const TWO_32 = 2 ** 32;

interface Region {
  /** IOREQ_TYPE_* */
  readonly type: number;
  /** Port, physical address or SBDF. */
  readonly start: number;
  readonly length: number;
  readonly device: IoDevice;
  readonly owner: string;
}

/** Gives back what was claimed. */
export type Release = () => void;

const rangeTypes: Readonly<Record<number, number>> = {
  [IOREQ_TYPE_PIO]: XEN_DMOP_IO_RANGE_PORT,
  [IOREQ_TYPE_COPY]: XEN_DMOP_IO_RANGE_MEMORY,
  [IOREQ_TYPE_PCI_CONFIG]: XEN_DMOP_IO_RANGE_PCI,
};

/** Why a device model cannot serve a domain. */
export class DeviceModelError extends Error {
  readonly errno: number;

  constructor(what: string, errno: number) {
    super(`${what}: ${errno}`);
    this.name = 'DeviceModelError';
    this.errno = errno;
  }
}

/**
 * One IOREQ server of an HVM domain with the devices behind it, as a QEMU in dom0 is. A domain may have several side by
 * side, each with devices of its own.
 */
export class DeviceModel {
  /** Dom0's clock and run queue. */
  readonly schedule: TaskQueue;
  private readonly dm: DmOps;
  private readonly server: number;
  private regions: readonly Region[] = [];

  /** Throws DeviceModelError: the domain is no HVM domain, or has too many servers. */
  constructor(ops: HypervisorOps, domid: number) {
    const dm = ops.openDeviceModel(domid);
    if (typeof dm === 'number') throw new DeviceModelError(`device model of domain ${domid}`, dm);
    this.dm = dm;
    this.schedule = ops.schedule;
    this.server = dm.createServer((request) => this.serve(request));
    if (this.server < 0) throw new DeviceModelError(`IOREQ server for domain ${domid}`, this.server);
    dm.setServerState(this.server, true);
  }

  /** The guest's memory for one device. */
  dmaFor(owner: string): GuestDma {
    return new GuestDma(this.dm, owner);
  }

  /** Answers for `length` ports. Throws DeviceModelError when some are taken. */
  claimPorts(start: number, length: number, device: IoDevice, owner: string): Release {
    return this.claim({type: IOREQ_TYPE_PIO, start, length, device, owner});
  }

  /** Answers for `length` bytes of physical addresses. */
  claimMemory(start: number, length: number, device: IoDevice, owner: string): Release {
    return this.claim({type: IOREQ_TYPE_COPY, start, length, device, owner});
  }

  /** Answers for a PCI function's configuration space. `sbdf`: bus << 8 | device << 3 | function. */
  claimConfig(sbdf: number, config: IoDevice, owner: string): Release {
    return this.claim({type: IOREQ_TYPE_PCI_CONFIG, start: sbdf, length: 1, device: config, owner});
  }

  setIsaIrq(irq: number, level: boolean, owner: string): void {
    this.dm.setIsaIrq(irq, level, owner);
  }

  /** `pin` is 0 for INTA. */
  setPciIntx(device: number, pin: number, level: boolean, owner: string): void {
    this.dm.setPciIntx(device, pin, level, owner);
  }

  /** A command came to the device, or a frame passed it. */
  countRequest(owner: string): void {
    this.dm.countRequest(owner);
  }

  /** The guest's accesses find nobody any more. */
  close(): void {
    this.dm.destroyServer(this.server);
    this.regions = [];
  }

  private claim(region: Region): Release {
    const {type, start, length, owner} = region;
    const range = [this.server, rangeTypes[type], start, start + length - 1] as const;
    const result = this.dm.mapRange(...range, owner);
    if (result < 0) throw new DeviceModelError(`${owner}: range of I/O`, result);
    this.regions = [...this.regions, region];
    return () => {
      this.regions = this.regions.filter((other) => other !== region);
      this.dm.unmapRange(...range);
    };
  }

  private serve(request: Ioreq): void {
    const {type, addr} = request;
    const isConfig = type === IOREQ_TYPE_PCI_CONFIG;
    const place = isConfig ? Math.floor(addr / TWO_32) : addr;
    const region = this.regions.find((each) => each.type === type && contains(each, place));
    // Xen asks for what was claimed alone.
    if (region === undefined) throw new Error(`request for ${addr.toString(16)}, which nobody claimed`);
    const offset = isConfig ? addr % TWO_32 : addr - region.start;
    if (request.dataIsPtr) this.serveString(request, region, offset);
    else serveSingle(request, region.device, offset);
    request.state = STATE_IORESP_READY;
  }

  private serveString(request: Ioreq, {device, owner}: Region, offset: number): void {
    const size = request.size as IoSize;
    const dma = this.dmaFor(owner);
    const bytes = new Uint8Array(Math.min(request.count * size, MAX_STRING_BYTES));
    if (request.dir === IOREQ_READ) {
      readString(device, offset, size, bytes);
      dma.write(request.data, bytes);
    } else {
      dma.read(request.data, bytes);
      writeString(device, offset, size, bytes);
    }
  }
}

const contains = ({start, length}: Region, place: number): boolean => place >= start && place < start + length;

const serveSingle = (request: Ioreq, device: IoDevice, offset: number): void => {
  const size = request.size as IoSize;
  if (request.dir === IOREQ_READ) request.data = device.read(offset, size);
  else device.write(offset, size, request.data);
};

const readString = (device: IoDevice, offset: number, size: IoSize, into: Uint8Array): void => {
  if (device.readString !== undefined) return device.readString(offset, size, into);
  for (let at = 0; at < into.length; at += size) {
    const value = device.read(offset, size);
    for (let byte = 0; byte < size; byte++) into[at + byte] = value >>> (byte * 8);
  }
};

const writeString = (device: IoDevice, offset: number, size: IoSize, bytes: Uint8Array): void => {
  if (device.writeString !== undefined) return device.writeString(offset, size, bytes);
  for (let at = 0; at < bytes.length; at += size) {
    let value = 0;
    for (let byte = 0; byte < size; byte++) value |= bytes[at + byte] << (byte * 8);
    device.write(offset, size, value >>> 0);
  }
};
