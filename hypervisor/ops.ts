import type {Observable} from 'rxjs';
import type {Account, Ledger} from './cost/index.ts';
import type {Abi, ChannelStatus} from './event-channel/index.ts';
import type {Grantor, GrantTableSize} from './grant-table/index.ts';
import type {DomId, Gfn} from './ids.ts';
import type {DmOps, TrappedIo} from './ioreq/index.ts';
import type {DomainMemory, PageAllocator} from './memory/index.ts';
import type {FaultPlan, TaskQueue} from './schedule/index.ts';
import type {Tracer} from './trace/index.ts';

/**
 * What the kernel of one domain, guest or dom0, can do: its own memory and clock, and the hypercalls. A driver is
 * handed this and nothing else of the hypervisor. Results below 0 are -errno, for grants GNTST_*.
 */
export interface HypervisorOps {
  readonly domid: DomId;
  readonly abi: Abi;
  readonly memory: DomainMemory;
  /** Free frames of this kernel. */
  readonly pages: PageAllocator;
  /** The kernel's own grant entries. */
  readonly grantor: Grantor;
  readonly schedule: TaskQueue;
  readonly trace: Tracer;
  /** Faults that a driver of the host injects into what it does. */
  readonly faults: FaultPlan;
  /** What counts the cost of I/O on this host; null: nothing does. */
  readonly ledger: Ledger | null;
  /** Of the device whose driver was handed this, for what the driver copies itself. */
  readonly account: Account | null;
  /** Emulated hardware, of an HVM domain whose kernel is a program. */
  readonly io: TrappedIo | undefined;

  /** Maps a peer's page. `flags` are GNTMAP_*; returns a handle >= 0 or GNTST_*. */
  gnttabMap(granter: number, ref: number, flags: number): number;
  gnttabUnmap(handle: number): number;
  /**
   * Maps `count` pages of a peer, all or none: `refs`, `handles` and `offsets` (@see mappedOffset) are used from `at` on.
   * Returns GNTST_*.
   */
  gnttabMapMany(
    granter: number,
    refs: Uint32Array,
    flags: number,
    handles: Int32Array,
    offsets: Float64Array,
    at: number,
    count: number,
  ): number;
  gnttabUnmapMany(handles: Int32Array, at: number, count: number): void;
  /** Memory and byte offset of a mapped page: read them at every use, the granter's window may move. */
  mappedMemory(handle: number): DomainMemory;
  mappedOffset(handle: number): number;
  /** GNTTABOP_copy within one page a side; `flags` are GNTCOPY_*. Returns GNTST_*. */
  gnttabCopy(
    srcDomid: number,
    srcRefOrGfn: number,
    srcOffset: number,
    dstDomid: number,
    dstRefOrGfn: number,
    dstOffset: number,
    len: number,
    flags: number,
  ): number;
  gnttabTransfer(gfn: Gfn, toDomid: number, ref: number): number;
  gnttabQuerySize(domid: number): GrantTableSize;
  gnttabSetupTable(nrFrames: number): number;
  /** Empties the kernel's own table but for the reserved entries. Returns 0 or -errno. */
  gnttabSetVersion(version: number): number;

  /** Returns the port. Ports start masked until events() is subscribed or unmask is called. */
  evtchnAllocUnbound(remoteDomid: number): number;
  evtchnBindInterdomain(remoteDomid: number, remotePort: number): number;
  evtchnBindVirq(virq: number, vcpu: number): number;
  evtchnBindIpi(vcpu: number): number;
  evtchnSend(port: number): number;
  evtchnMask(port: number): void;
  evtchnUnmask(port: number): number;
  evtchnClose(port: number): number;
  evtchnStatus(domid: number, port: number): ChannelStatus | number;
  evtchnReset(): number;
  /** Upcalls that found the port pending. Unmasks it. Completes when the port is closed or the domain dies. */
  events(port: number): Observable<void>;
  /** Open ports with the number of times each was set pending: the numbers of /proc/interrupts. */
  interruptCounts(): {port: number; kind: string; count: number}[];

  /** XENMEM_decrease_reservation and XENMEM_populate_physmap: frames given back and got again; how many were done. */
  decreaseReservation(gfns: readonly Gfn[]): number;
  populatePhysmap(gfns: readonly Gfn[]): number;
  /** XENMEM_current_reservation: pages accounted to the domain. */
  currentReservation(): number;

  /** VCPUOP_up and VCPUOP_down. -ENOENT when there is no such vCPU. */
  setVcpuOnline(vcpu: number, online: boolean): number;
  /**
   * A program's code takes no time of the CPUs that pvsim simulates: this says that `vcpu` computes for `ns`, and calls
   * `done` once it has got that much of one. -ENOENT when there is no such vCPU, -EINVAL for a time below 0, -EPERM for
   * dom0, which has no CPU to wait for.
   */
  burnCpu(vcpu: number, ns: number, done: () => void): number;
  /** The way to serve an HVM domain as its device model. -EPERM for a guest, -ESRCH, -EOPNOTSUPP for PV and PVH. */
  openDeviceModel(domid: number): DmOps | number;
  /** HVM_PARAM_*; 0 when it is not set. */
  hvmParam(index: number): number;
  /** VIRQ_TIMER at a host time in ns. */
  setTimer(vcpu: number, atNs: number): void;
  /** SCHEDOP_shutdown with SHUTDOWN_*: the kernel's code does not run any more after the current task. */
  shutdown(reason: number): void;
}
