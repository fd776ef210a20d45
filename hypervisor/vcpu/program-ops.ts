import type {Observable} from 'rxjs';
import {EVTCHN_FIFO_MASKED} from '../abi/event-channel.ts';
import type {Account, Ledger} from '../cost/index.ts';
import type {Domain} from '../domain.ts';
import {EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, EPERM, ESRCH} from '../errno.ts';
import {type Abi, type ChannelStatus, FifoEvents, TwoLevelEvents} from '../event-channel/index.ts';
import {Grantor, type GrantTableSize} from '../grant-table/index.ts';
import type {Hypervisor} from '../hypervisor.ts';
import {type DomId, DOMID_SELF, type Gfn} from '../ids.ts';
import {type DmOps, dmOps, type TrappedIo} from '../ioreq/index.ts';
import {type DomainMemory, PAGE_SIZE, PageAllocator} from '../memory/index.ts';
import type {HypervisorOps} from '../ops.ts';
import {decreaseReservation, populatePhysmap} from '../reservation.ts';
import type {FaultPlan, TaskQueue} from '../schedule/index.ts';
import type {Tracer} from '../trace/index.ts';
import {ProgramVcpu} from './program.ts';

const FIFO_MASKED_WORD = 1 << EVTCHN_FIFO_MASKED;
/** Control blocks lie in one page, apart by a power of two that holds one. */
const CONTROL_BLOCK_STRIDE = 128;

/** The typed door: hypercalls of a TypeScript kernel, by direct call. It adds nothing to the operations. */
export class ProgramOps implements HypervisorOps {
  readonly domid: DomId;
  readonly abi: Abi;
  readonly memory: DomainMemory;
  readonly pages: PageAllocator;
  readonly grantor: Grantor;
  readonly schedule: TaskQueue;
  readonly trace: Tracer;
  readonly faults: FaultPlan;
  readonly ledger: Ledger | null;
  readonly account: Account | null = null;
  readonly io: TrappedIo | undefined;
  private readonly xen: Hypervisor;
  private readonly domain: Domain;

  /** `firstFreeGfn`: frames below it were used by the domain builder. `endGfn`: where the memory that it starts with ends. */
  constructor(xen: Hypervisor, domain: Domain, firstFreeGfn: number, endGfn: number = domain.sharedInfoGfn) {
    this.xen = xen;
    this.domain = domain;
    this.domid = domain.id;
    this.abi = domain.abi;
    this.memory = domain.memory;
    this.pages = new PageAllocator(domain.memory, firstFreeGfn, endGfn);
    this.grantor = new Grantor(domain.grants, () => this.gnttabSetupTable(domain.grants.frames + 1) === 0);
    this.schedule = domain.schedule;
    this.trace = xen.trace;
    this.faults = xen.faults;
    this.ledger = domain.ledger;
    this.io = domain.trappedIo;
    if (domain.events instanceof TwoLevelEvents) domain.events.maskAll();
  }

  gnttabMap(granter: number, ref: number, flags: number): number {
    return this.xen.grants.map(this.domain, granter, ref, flags);
  }

  gnttabUnmap(handle: number): number {
    return this.xen.grants.unmap(this.domain, handle);
  }

  gnttabMapMany(
    granter: number,
    refs: Uint32Array,
    flags: number,
    handles: Int32Array,
    offsets: Float64Array,
    at: number,
    count: number,
  ): number {
    return this.xen.grants.mapMany(this.domain, granter, refs, flags, handles, offsets, at, count);
  }

  gnttabUnmapMany(handles: Int32Array, at: number, count: number): void {
    this.xen.grants.unmapMany(this.domain, handles, at, count);
  }

  mappedMemory(handle: number): DomainMemory {
    return this.domain.maptrack.memory(handle);
  }

  mappedOffset(handle: number): number {
    return this.domain.maptrack.offset(handle);
  }

  gnttabCopy(
    srcDomid: number,
    srcRefOrGfn: number,
    srcOffset: number,
    dstDomid: number,
    dstRefOrGfn: number,
    dstOffset: number,
    len: number,
    flags: number,
  ): number {
    return this.xen.grants.copy(
      this.domain,
      srcDomid,
      srcRefOrGfn,
      srcOffset,
      dstDomid,
      dstRefOrGfn,
      dstOffset,
      len,
      flags,
    );
  }

  gnttabTransfer(gfn: Gfn, toDomid: number, ref: number): number {
    return this.xen.grants.transfer(this.domain, gfn, toDomid, ref);
  }

  gnttabQuerySize(domid: number): GrantTableSize {
    return this.xen.grants.querySize(this.domain, domid);
  }

  gnttabSetupTable(nrFrames: number): number {
    return this.xen.grants.setupTable(this.domain, DOMID_SELF, nrFrames);
  }

  gnttabSetVersion(version: number): number {
    return this.xen.grants.setVersion(this.domain, version);
  }

  evtchnAllocUnbound(remoteDomid: number): number {
    if (!this.makeRoomForPort()) return -ENOMEM;
    return this.xen.eventChannels.allocUnbound(this.domain, DOMID_SELF, remoteDomid);
  }

  evtchnBindInterdomain(remoteDomid: number, remotePort: number): number {
    if (!this.makeRoomForPort()) return -ENOMEM;
    return this.xen.eventChannels.bindInterdomain(this.domain, remoteDomid, remotePort);
  }

  evtchnBindVirq(virq: number, vcpu: number): number {
    if (!this.makeRoomForPort()) return -ENOMEM;
    return this.xen.eventChannels.bindVirq(this.domain, virq, vcpu);
  }

  evtchnBindIpi(vcpu: number): number {
    if (!this.makeRoomForPort()) return -ENOMEM;
    return this.xen.eventChannels.bindIpi(this.domain, vcpu);
  }

  evtchnSend(port: number): number {
    return this.xen.eventChannels.send(this.domain, port);
  }

  evtchnMask(port: number): void {
    this.domain.events.mask(port);
  }

  evtchnUnmask(port: number): number {
    return this.xen.eventChannels.unmask(this.domain, port);
  }

  evtchnClose(port: number): number {
    const vcpu = this.domain.ports.get(port)?.vcpu ?? 0;
    const result = this.xen.eventChannels.close(this.domain, port);
    if (result === 0) {
      this.domain.events.mask(port);
      this.engine(vcpu).forget(port);
    }
    return result;
  }

  /**
   * Changes to FIFO event words, as Linux does where it can: 2^17 ports instead of 4096. Returns 0 or -errno. Meant for a
   * kernel's start: ports that are open stay open, unmasked ones become masked.
   */
  evtchnUseFifo(): number {
    const {domain, pages} = this;
    const gfn = pages.alloc();
    if (gfn === undefined) return -ENOMEM;
    for (let vcpu = 0; vcpu < domain.vcpus.length; vcpu++) {
      const result = this.xen.eventChannels.initControl(domain, gfn * PAGE_SIZE + vcpu * CONTROL_BLOCK_STRIDE, vcpu);
      if (result < 0) return result;
    }
    return this.makeRoomForPort() ? 0 : -ENOMEM;
  }

  evtchnStatus(domid: number, port: number): ChannelStatus | number {
    return this.xen.eventChannels.status(this.domain, domid, port);
  }

  evtchnReset(): number {
    for (const [port] of this.domain.ports.open()) this.evtchnClose(port);
    return 0;
  }

  events(port: number): Observable<void> {
    const events = this.engine(this.domain.ports.get(port)?.vcpu ?? 0).events(port);
    // An event that came while the port was masked is delivered by a later task: the subscriber is there by then.
    this.evtchnUnmask(port);
    return events;
  }

  interruptCounts(): {port: number; kind: string; count: number}[] {
    return Array.from(this.domain.ports.open(), ([port, channel]) => ({
      port,
      kind: channel.kind,
      count: this.domain.ports.received[port],
    }));
  }

  decreaseReservation(gfns: readonly Gfn[]): number {
    return decreaseReservation(this.xen, this.domain, gfns);
  }

  populatePhysmap(gfns: readonly Gfn[]): number {
    return populatePhysmap(this.xen, this.domain, gfns);
  }

  currentReservation(): number {
    return this.xen.domainTable.get(this.domid)?.totalPages ?? 0;
  }

  setVcpuOnline(vcpu: number, online: boolean): number {
    return this.xen.setVcpuOnline(this.domain, vcpu, online);
  }

  burnCpu(vcpu: number, ns: number, done: () => void): number {
    const unit = this.domain.sched.units.at(vcpu);
    if (unit === undefined || vcpu < 0) return -ENOENT;
    if (this.domain.privileged) return -EPERM;
    if (!(ns >= 0 && ns < Infinity)) return -EINVAL;
    unit.submit(ns, done);
    return 0;
  }

  openDeviceModel(domid: number): DmOps | number {
    if (!this.domain.privileged) return -EPERM;
    const guest = this.xen.domain(domid);
    if (guest === undefined) return -ESRCH;
    return guest.io === undefined ? -EOPNOTSUPP : dmOps(guest, guest.io);
  }

  hvmParam(index: number): number {
    return this.domain.hvmParams.get(index) ?? 0;
  }

  setTimer(vcpu: number, atNs: number): void {
    this.xen.setTimer(this.domain, vcpu, atNs);
  }

  shutdown(reason: number): void {
    this.xen.shutdown(this.domain, reason);
  }

  /** Grows the FIFO event array before the hypervisor gives a port that has no word yet. New words are masked. */
  private makeRoomForPort(): boolean {
    const {domain, pages, memory} = this;
    if (!(domain.events instanceof FifoEvents)) return true;
    while (domain.events.capacity <= domain.ports.ports.length) {
      if (domain.events.capacity === domain.events.maxPorts) return true;
      const gfn = pages.alloc();
      if (gfn === undefined) return false;
      memory.u32.fill(FIFO_MASKED_WORD, (gfn * PAGE_SIZE) >>> 2, ((gfn + 1) * PAGE_SIZE) >>> 2);
      if (this.xen.eventChannels.expandArray(domain, gfn) !== 0) return false;
    }
    return true;
  }

  private engine(vcpu: number): ProgramVcpu {
    const engine = this.domain.vcpus[vcpu];
    if (engine instanceof ProgramVcpu) return engine;
    throw new Error(`d${this.domid}v${vcpu} does not run a program`);
  }
}
