import type {Domain} from '../domain.ts';
import type {DomainMemory} from '../memory/index.ts';
import type {EmulatedIo} from './emulated-io.ts';
import type {IoreqHandler} from './ioreq-server.ts';

/**
 * What a device model may do to the HVM guest it serves: the operations of HYPERVISOR_dm_op, and the guest's memory as a
 * foreign mapping. Results below 0 are -errno.
 * @see hvm/dm_op.h
 */
export interface DmOps {
  readonly domid: number;
  /** The guest's physical memory: read the views at every use. */
  readonly memory: DomainMemory;
  /** XEN_DMOP_create_ioreq_server: returns its id. -EBUSY when there are too many. */
  createServer(handler: IoreqHandler): number;
  destroyServer(id: number): number;
  setServerState(id: number, enabled: boolean): number;
  /** `type` is XEN_DMOP_IO_RANGE_*, `end` the last address; `owner` names the device in ledgers. */
  mapRange(id: number, type: number, start: number, end: number, owner: string): number;
  unmapRange(id: number, type: number, start: number, end: number): number;
  /** False: there is no such line. */
  setIsaIrq(irq: number, level: boolean, owner: string): boolean;
  setPciIntx(device: number, pin: number, level: boolean, owner: string): boolean;
  /** A command came to a device, or a frame passed it, for the ledger. */
  countRequest(owner: string): void;
  /** The device model has moved bytes from or to the guest's memory, for the ledger. */
  countDma(owner: string, bytes: number): void;
}

export const dmOps = (domain: Domain, io: EmulatedIo): DmOps => ({
  domid: domain.id,
  memory: domain.memory,
  createServer: (handler) => io.servers.create(handler),
  destroyServer: (id) => io.servers.destroy(id),
  setServerState: (id, enabled) => io.servers.setEnabled(id, enabled),
  mapRange: (id, type, start, end, owner) => io.servers.map(id, {type, start, end, owner}),
  unmapRange: (id, type, start, end) => io.servers.unmap(id, type, start, end),
  setIsaIrq: (irq, level, owner) => io.lines.setIsaIrq(irq, level, owner),
  setPciIntx: (device, pin, level, owner) => io.lines.setPciIntx(device, pin, level, owner),
  countRequest: (owner) => io.slot.meter?.request(owner),
  countDma: (owner, bytes) => io.slot.meter?.dma(owner, bytes),
});
