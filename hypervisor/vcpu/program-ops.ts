import type {Observable} from 'rxjs';
import type {Domain} from '../domain.ts';
import type {Abi, ChannelStatus} from '../event-channel/index.ts';
import {Grantor, type GrantTableSize} from '../grant-table/index.ts';
import type {Hypervisor} from '../hypervisor.ts';
import {type DomId, DOMID_SELF, type Gfn} from '../ids.ts';
import {type DomainMemory, PageAllocator} from '../memory/index.ts';
import type {HypervisorOps} from '../ops.ts';
import type {FaultPlan, TaskQueue} from '../schedule/index.ts';
import type {Tracer} from '../trace/index.ts';
import {ProgramVcpu} from './program.ts';

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
  private readonly xen: Hypervisor;
  private readonly domain: Domain;

  /** `firstFreeGfn`: frames below it were used by the domain builder. */
  constructor(xen: Hypervisor, domain: Domain, firstFreeGfn: number) {
    this.xen = xen;
    this.domain = domain;
    this.domid = domain.id;
    this.abi = domain.abi;
    this.memory = domain.memory;
    this.pages = new PageAllocator(domain.memory, firstFreeGfn, domain.sharedInfoGfn);
    this.grantor = new Grantor(domain.grants, () => this.gnttabSetupTable(domain.grants.frames + 1) === 0);
    this.schedule = domain.schedule;
    this.trace = xen.trace;
    this.faults = xen.faults;
    domain.sharedInfo.maskAll();
  }

  gnttabMap(granter: number, ref: number, flags: number): number {
    return this.xen.grants.map(this.domain, granter, ref, flags);
  }

  gnttabUnmap(handle: number): number {
    return this.xen.grants.unmap(this.domain, handle);
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

  evtchnAllocUnbound(remoteDomid: number): number {
    return this.xen.eventChannels.allocUnbound(this.domain, DOMID_SELF, remoteDomid);
  }

  evtchnBindInterdomain(remoteDomid: number, remotePort: number): number {
    return this.xen.eventChannels.bindInterdomain(this.domain, remoteDomid, remotePort);
  }

  evtchnBindVirq(virq: number, vcpu: number): number {
    return this.xen.eventChannels.bindVirq(this.domain, virq, vcpu);
  }

  evtchnBindIpi(vcpu: number): number {
    return this.xen.eventChannels.bindIpi(this.domain, vcpu);
  }

  evtchnSend(port: number): number {
    return this.xen.eventChannels.send(this.domain, port);
  }

  evtchnMask(port: number): void {
    this.domain.sharedInfo.mask(port);
  }

  evtchnUnmask(port: number): number {
    return this.xen.eventChannels.unmask(this.domain, port);
  }

  evtchnClose(port: number): number {
    const vcpu = this.domain.ports.get(port)?.vcpu ?? 0;
    const result = this.xen.eventChannels.close(this.domain, port);
    if (result === 0) {
      this.domain.sharedInfo.mask(port);
      this.engine(vcpu).forget(port);
    }
    return result;
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

  hvmParam(index: number): number {
    return this.domain.hvmParams.get(index) ?? 0;
  }

  setTimer(vcpu: number, atNs: number): void {
    this.xen.setTimer(this.domain, vcpu, atNs);
  }

  shutdown(reason: number): void {
    this.xen.shutdown(this.domain, reason);
  }

  private engine(vcpu: number): ProgramVcpu {
    const engine = this.domain.vcpus[vcpu];
    if (engine instanceof ProgramVcpu) return engine;
    throw new Error(`d${this.domid}v${vcpu} does not run a program`);
  }
}
