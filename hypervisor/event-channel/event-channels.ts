import {
  EVTCHN_FIFO_LINK_BITS,
  EVTCHN_FIFO_PRIORITY_DEFAULT,
  EVTCHNSTAT_closed,
  EVTCHNSTAT_interdomain,
  EVTCHNSTAT_ipi,
  EVTCHNSTAT_unbound,
  EVTCHNSTAT_virq,
} from '../abi/event-channel.ts';
import {VIRQ_CON_RING, VIRQ_CONSOLE, VIRQ_DOM_EXC} from '../abi/xen.ts';
import type {Domain} from '../domain.ts';
import {EBUSY, EEXIST, EINVAL, ENOENT, ENOSPC, ENOSYS, EOPNOTSUPP, EPERM, ESRCH} from '../errno.ts';
import {DOMID_SELF} from '../ids.ts';
import {PAGE_SHIFT, PAGE_SIZE} from '../memory/index.ts';
import type {FaultPlan} from '../schedule/index.ts';
import type {Tracer} from '../trace/index.ts';
import type {Channel} from './channel.ts';
import {CONTROL_BLOCK_SIZE, FifoEvents} from './fifo.ts';
import {TwoLevelEvents} from './two-level.ts';

export interface ChannelStatus {
  /** EVTCHNSTAT_* */
  status: number;
  vcpu: number;
  /** Unbound and interdomain: the peer. */
  remoteDomid?: number;
  remotePort?: number;
  virq?: number;
}

/** VIRQs that one domain of the host receives, on vCPU 0; all others are per vCPU. @see xen.h, "V." and "G." */
const globalVirqs = new Set<number>([VIRQ_CONSOLE, VIRQ_DOM_EXC, VIRQ_CON_RING]);
const NR_VIRQS = 24;

const statusOf: Record<Channel['kind'], number> = {
  reserved: EVTCHNSTAT_closed,
  unbound: EVTCHNSTAT_unbound,
  interdomain: EVTCHNSTAT_interdomain,
  virq: EVTCHNSTAT_virq,
  ipi: EVTCHNSTAT_ipi,
};

/**
 * Event channel operations of the hypervisor. Each takes the calling domain first and returns a port, 0 or -errno.
 * @see event_channel.h
 */
export class EventChannels {
  private readonly domainById: (domid: number) => Domain | undefined;
  private readonly trace: Tracer;
  private readonly faults: FaultPlan;

  constructor(domainById: (domid: number) => Domain | undefined, trace: Tracer, faults: FaultPlan) {
    this.domainById = domainById;
    this.trace = trace;
    this.faults = faults;
  }

  /** EVTCHNOP_alloc_unbound: a port of `target` that `remoteDomid` may bind. Another domain's: dom0 only, -EPERM. */
  allocUnbound(caller: Domain, targetDomid: number, remoteDomid: number): number {
    const target = this.resolve(caller, targetDomid);
    if (target === undefined) return -ESRCH;
    if (target !== caller && !caller.privileged) return -EPERM;
    const remote = remoteDomid === DOMID_SELF ? caller.id : remoteDomid;
    const port = target.ports.add({kind: 'unbound', vcpu: 0, remoteDomid: remote}, target.events.maxPorts);
    if (port < 0) return -ENOSPC;
    this.opened(target, port);
    if (this.trace.on) this.trace.emit('evtchn_alloc_unbound', target.id, port, remote);
    return port;
  }

  /** EVTCHNOP_bind_interdomain: joins a new local port to a peer's unbound port that is meant for the caller. */
  bindInterdomain(caller: Domain, remoteDomid: number, remotePort: number): number {
    const remote = this.resolve(caller, remoteDomid);
    if (remote === undefined) return -ESRCH;
    const peer = remote.ports.get(remotePort);
    if (peer?.kind !== 'unbound' || peer.remoteDomid !== caller.id) return -EINVAL;
    const port = caller.ports.add({kind: 'interdomain', vcpu: 0, remote, remotePort}, caller.events.maxPorts);
    if (port < 0) return -ENOSPC;
    remote.ports.set(remotePort, {kind: 'interdomain', vcpu: peer.vcpu, remote: caller, remotePort: port});
    this.opened(caller, port);
    if (this.trace.on) this.trace.emit('evtchn_bind_interdomain', caller.id, port, remote.id, remotePort);
    // The peer may have sent before we were bound: begin with a pending event so that nothing is missed.
    this.setPending(caller, port, 0);
    return port;
  }

  /** EVTCHNOP_bind_virq. -EEXIST: bound already; -ENOENT: no such vCPU; -EBUSY: another domain receives it. */
  bindVirq(caller: Domain, virq: number, vcpu: number): number {
    if (virq < 0 || virq >= NR_VIRQS) return -EINVAL;
    if (globalVirqs.has(virq)) {
      if (vcpu !== 0) return -EINVAL;
      if (!caller.privileged) return -EBUSY;
    }
    if (vcpu >= caller.vcpus.length) return -ENOENT;
    if (caller.virqPorts.has(virqKey(virq, vcpu))) return -EEXIST;
    const port = caller.ports.add({kind: 'virq', vcpu, virq}, caller.events.maxPorts);
    if (port < 0) return -ENOSPC;
    caller.virqPorts.set(virqKey(virq, vcpu), port);
    this.opened(caller, port);
    if (this.trace.on) this.trace.emit('evtchn_bind_virq', caller.id, port, virq, vcpu);
    return port;
  }

  /** EVTCHNOP_bind_ipi. */
  bindIpi(caller: Domain, vcpu: number): number {
    if (vcpu >= caller.vcpus.length) return -ENOENT;
    const port = caller.ports.add({kind: 'ipi', vcpu}, caller.events.maxPorts);
    if (port < 0) return -ENOSPC;
    this.opened(caller, port);
    if (this.trace.on) this.trace.emit('evtchn_bind_ipi', caller.id, port, vcpu);
    return port;
  }

  /** EVTCHNOP_bind_vcpu: moves the port's upcalls. A VIRQ that is per vCPU and an IPI stay where they are: -EINVAL. */
  bindVcpu(caller: Domain, port: number, vcpu: number): number {
    const channel = caller.ports.get(port);
    if (vcpu >= caller.vcpus.length) return -ENOENT;
    if (channel === undefined || channel.kind === 'ipi' || channel.kind === 'reserved') return -EINVAL;
    if (channel.kind === 'virq' && !globalVirqs.has(channel.virq)) return -EINVAL;
    channel.vcpu = vcpu;
    return 0;
  }

  /** EVTCHNOP_send. A send on an unbound port is dropped, as the peer may come later. */
  send(caller: Domain, port: number): number {
    const channel = caller.ports.get(port);
    if (channel === undefined) return -EINVAL;
    caller.ports.sent[port]++;
    switch (channel.kind) {
      case 'interdomain':
        if (this.trace.on) this.trace.emit('evtchn_send', caller.id, port, channel.remote.id, channel.remotePort);
        this.deliver(channel.remote, channel.remotePort);
        return 0;
      case 'ipi':
        this.setPending(caller, port, channel.vcpu);
        return 0;
      case 'unbound':
        return 0;
      case 'virq':
      case 'reserved':
        return -EINVAL;
    }
  }

  /** EVTCHNOP_unmask: clears the mask; an event that came meanwhile is delivered now. */
  unmask(caller: Domain, port: number): number {
    const channel = caller.ports.get(port);
    if (channel === undefined) return -EINVAL;
    caller.events.clearMask(port);
    if (caller.events.isPending(port)) this.raise(caller, port, channel.vcpu);
    return 0;
  }

  /** EVTCHNOP_close. The peer of an interdomain port falls back to unbound, open to the closer again. */
  close(caller: Domain, port: number): number {
    const channel = caller.ports.get(port);
    if (channel === undefined || channel.kind === 'reserved') return -EINVAL;
    if (channel.kind === 'interdomain') {
      const {remote, remotePort} = channel;
      const peer = remote.ports.get(remotePort);
      if (peer !== undefined) remote.ports.set(remotePort, {kind: 'unbound', vcpu: peer.vcpu, remoteDomid: caller.id});
    }
    if (channel.kind === 'virq') caller.virqPorts.delete(virqKey(channel.virq, channel.vcpu));
    caller.ledger?.portClosed({domid: caller.id, port});
    caller.events.clearPending(port);
    if (caller.events instanceof FifoEvents) caller.events.setPriority(port, EVTCHN_FIFO_PRIORITY_DEFAULT);
    caller.ports.remove(port);
    if (this.trace.on) this.trace.emit('evtchn_close', caller.id, port);
    return 0;
  }

  /** EVTCHNOP_status of a port of `domid`. */
  status(caller: Domain, domid: number, port: number): ChannelStatus | number {
    const domain = this.resolve(caller, domid);
    if (domain === undefined) return -ESRCH;
    if (domain !== caller && !caller.privileged) return -EPERM;
    // A number that was valid once stays so, also when there are fewer ports after a reset.
    if (port <= 0 || port >= Math.max(domain.events.maxPorts, domain.ports.ports.length)) return -EINVAL;
    const channel = domain.ports.get(port);
    if (channel === undefined) return {status: EVTCHNSTAT_closed, vcpu: 0};
    const status: ChannelStatus = {status: statusOf[channel.kind], vcpu: channel.vcpu};
    if (channel.kind === 'unbound') status.remoteDomid = channel.remoteDomid;
    if (channel.kind === 'virq') status.virq = channel.virq;
    if (channel.kind === 'interdomain') {
      status.remoteDomid = channel.remote.id;
      status.remotePort = channel.remotePort;
    }
    return status;
  }

  /**
   * EVTCHNOP_init_control: the domain's events are FIFO words from now on, the control block of `vcpu` at `byteOffset` of
   * its memory. Returns the bits of a link. Pending events of the 2-level words are carried over.
   */
  initControl(caller: Domain, byteOffset: number, vcpu: number): number {
    if (vcpu >= caller.vcpus.length) return -ENOENT;
    const isInside =
      byteOffset >= 0 && byteOffset % 8 === 0 && (byteOffset % PAGE_SIZE) + CONTROL_BLOCK_SIZE <= PAGE_SIZE;
    if (!isInside || !caller.memory.isPopulated(byteOffset >>> PAGE_SHIFT)) return -EINVAL;
    const fifo = caller.events instanceof FifoEvents ? caller.events : new FifoEvents(caller.sharedInfo);
    if (fifo.hasControlBlock(vcpu)) return -EINVAL;
    fifo.setControlBlock(vcpu, byteOffset);
    if (fifo !== caller.events) {
      for (const [port] of caller.ports.open()) if (caller.events.isPending(port)) fifo.setPending(port);
      caller.events = fifo;
    }
    return EVTCHN_FIFO_LINK_BITS;
  }

  /** EVTCHNOP_expand_array: one more page of event words, which the guest has initialised. */
  expandArray(caller: Domain, gfn: number): number {
    const {events} = caller;
    if (!(events instanceof FifoEvents)) return -EOPNOTSUPP;
    if (!caller.memory.isPopulated(gfn)) return -EINVAL;
    if (!events.expand(gfn)) return -ENOSPC;
    for (const port of events.takeEarly()) this.setPendingIfOpen(caller, port);
    return 0;
  }

  /** EVTCHNOP_set_priority. -ENOENT: no such port; -ENOSYS: the domain has 2-level words; -EINVAL: no such priority. */
  setPriority(caller: Domain, port: number, priority: number): number {
    if (caller.ports.get(port) === undefined) return -ENOENT;
    const {events} = caller;
    if (!(events instanceof FifoEvents)) return -ENOSYS;
    return events.setPriority(port, priority) ? 0 : -EINVAL;
  }

  /** EVTCHNOP_reset: closes every port of the domain. One that resets itself has 2-level words again. */
  reset(caller: Domain, domid: number): number {
    const domain = this.resolve(caller, domid);
    if (domain === undefined) return -ESRCH;
    if (domain !== caller && !caller.privileged) return -EPERM;
    this.closeAll(domain);
    if (domain === caller && domain.events instanceof FifoEvents) domain.events = new TwoLevelEvents(domain.sharedInfo);
    return 0;
  }

  closeAll(domain: Domain): void {
    for (const [port] of domain.ports.open()) this.close(domain, port);
  }

  /** Raises a VIRQ if the domain has bound it. */
  raiseVirq(domain: Domain, virq: number, vcpu = 0): void {
    const port = domain.virqPorts.get(virqKey(virq, vcpu));
    if (port !== undefined) this.setPending(domain, port, domain.ports.get(port)?.vcpu ?? 0);
  }

  /** True while another domain holds the other end. */
  isBound(domain: Domain, port: number): boolean {
    return domain.ports.get(port)?.kind === 'interdomain';
  }

  private deliver(remote: Domain, remotePort: number): void {
    if (this.faults.active) {
      if (this.faults.hit('lostEvent')) return;
      if (this.faults.hit('lateEvent')) {
        remote.schedule.after(this.faults.delayNs(), () => this.setPendingIfOpen(remote, remotePort));
        return;
      }
    }
    this.setPendingIfOpen(remote, remotePort);
  }

  private setPendingIfOpen(domain: Domain, port: number): void {
    const channel = domain.ports.get(port);
    if (channel !== undefined) this.setPending(domain, port, channel.vcpu);
  }

  private setPending(domain: Domain, port: number, vcpu: number): void {
    if (!domain.events.setPending(port)) return;
    domain.ports.received[port]++;
    if (!domain.events.isMasked(port)) this.raise(domain, port, vcpu);
  }

  private raise(domain: Domain, port: number, vcpu: number): void {
    if (domain.events.raise(vcpu, port)) domain.vcpus[vcpu].kick();
  }

  /** A new port starts clear, and masked or not as the guest left the word. */
  private opened(domain: Domain, port: number): void {
    domain.events.clearPending(port);
  }

  private resolve(caller: Domain, domid: number): Domain | undefined {
    return domid === DOMID_SELF || domid === caller.id ? caller : this.domainById(domid);
  }
}

const virqKey = (virq: number, vcpu: number): number => virq * 1024 + vcpu;
