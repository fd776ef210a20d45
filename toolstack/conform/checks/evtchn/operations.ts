import {check, type Check} from '../../check.ts';
import {
  dropsEvents,
  eventAnswers,
  inEvents,
  inWords,
  keepsQuiet,
  noUnmaskDelivery,
  tellsVcpu0,
} from '../../mutants/event-channels.ts';
import {inHypervisor, instead} from '../../mutants/host.ts';
import type {Mutant} from '../../mutants/mutant.ts';
import type {Caller, HypervisorStand} from '../../stand/hypervisor.ts';
import {
  DOMID_SELF,
  EBUSY,
  EEXIST,
  EINVAL,
  ENOENT,
  ENOSPC,
  EOPNOTSUPP,
  EPERM,
  ESRCH,
  event_channel_op,
  EVTCHNOP,
  EVTCHNSTAT,
  NO_DOMAIN,
  VIRQ,
} from './numbers.ts';
import {connectPair, portCall, statusOf} from './pair.ts';
import {SharedInfoPage} from './shared-info.ts';

const PORTS_2L = 4096;

/** Results of calls, each with what is due. */
const mustAnswer = (stand: HypervisorStand, cases: readonly (readonly [string, number, number])[]): void => {
  for (const [what, seen, due] of cases) stand.must(seen === due, `${what}: ${seen}`, `${what}: ${due}`);
};

/** Takes every port that there is; the last one. */
const fillPorts = (stand: HypervisorStand, {ops, domid}: Caller, limit = PORTS_2L): number => {
  for (let last = 0, count = 0; count <= limit; count++) {
    const port = stand.rig.xen.eventChannels.allocUnbound(stand.rig.xen.domain(domid) ?? stand.dom0.domain, domid, 0);
    if (port < 0) return last;
    last = port;
  }
  return stand.inconclusive(`d${ops.domid} has no end of ports`);
};

const bindsOthersPorts = inHypervisor('binds a port that is reserved for another domain', (xen) =>
  instead(xen.eventChannels, 'bindInterdomain', (real, caller, domid, port) => {
    const channel = xen.domain(domid)?.ports.get(port);
    if (channel?.kind === 'unbound') channel.remoteDomid = caller.id;
    return real(caller, domid, port);
  }),
);

const forgetsPeers = inHypervisor('leaves the peer of a closed port bound', (xen) =>
  instead(xen.eventChannels, 'close', (real, caller, port) => {
    const channel = caller.ports.get(port);
    const result = real(caller, port);
    if (channel?.kind === 'interdomain') channel.remote.ports.set(channel.remotePort, {kind: 'ipi', vcpu: 0});
    return result;
  }),
);

const endsPortsAt = (limit: number): Mutant =>
  inEvents(`ends ports at ${limit}`, 'allocUnbound', (real, caller, ...rest) =>
    caller.ports.ports.length >= limit ? ENOSPC : real(caller, ...rest),
  );

export const evtchnOperationChecks: readonly Check[] = [
  check(
    'hypervisor',
    'EVTCHN-OPS-01',
    async (stand) => {
      const [a, b] = [await stand.guest(), await stand.guest()];
      const alloc = (caller: Caller, domid: number, remote: number): {result: number; port: number} => {
        const words = [domid | (remote << 16), 0];
        const {result, words: answer} = stand.call(caller, event_channel_op, EVTCHNOP.alloc_unbound, words);
        return {result, port: answer[1]};
      };
      for (let i = 0; i < 3; i++) {
        const {result, port} = alloc(a, DOMID_SELF, b.domid);
        stand.must(result === 0 && port >= 1, `alloc answers ${result}, port ${port}`, 'a port');
        const {status, dom} = statusOf(a, port);
        stand.must(
          status === EVTCHNSTAT.unbound && dom === b.domid,
          `port ${port} has status ${status}, for d${dom}`,
          `unbound, for d${b.domid}`,
        );
      }
      mustAnswer(stand, [
        ['for dom0', alloc(a, 0, b.domid).result, EPERM],
        ['for another guest', alloc(a, b.domid, a.domid).result, EPERM],
        ['for no domain', alloc(stand.dom0, NO_DOMAIN, 0).result, ESRCH],
        ['by dom0 for a guest', alloc(stand.dom0, a.domid, 0).result, 0],
      ]);
    },
    {
      mutants: [
        eventAnswers('allocUnbound', EPERM, 0),
        inEvents('reserves ports for dom0', 'allocUnbound', (real, caller, domid) => real(caller, domid, 0)),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-02',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const other = await stand.guest();
      const open = a.ops.evtchnAllocUnbound(b.domid);
      const closed = a.ops.evtchnAllocUnbound(b.domid);
      a.ops.evtchnClose(closed);
      const bind = (caller: Caller, domid: number, remotePort: number): number =>
        caller.ops.evtchnBindInterdomain(domid, remotePort);
      mustAnswer(stand, [
        ['by a domain that it is not for', bind(other, a.domid, open), EINVAL],
        ['that is bound', bind(b, a.domid, port), EINVAL],
        ['that is closed', bind(b, a.domid, closed), EINVAL],
        ['port 0', bind(b, a.domid, 0), EINVAL],
        ['port 2^32-1', bind(b, a.domid, 0xffff_ffff), EINVAL],
        ['of no domain', bind(b, NO_DOMAIN, open), ESRCH],
      ]);
      const {status, port: peer} = statusOf(a, port);
      stand.must(
        status === EVTCHNSTAT.interdomain && peer === theirs,
        `the bound port has status ${status}, peer ${peer}`,
        'it stays as it is',
      );
      stand.must(bind(b, a.domid, open) > 0, 'the open port cannot be bound', 'it is still open');
    },
    {mutants: [bindsOthersPorts, eventAnswers('bindInterdomain', ESRCH, EINVAL)]},
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-03',
    async (stand) => {
      const {b, theirs} = await connectPair(stand);
      stand.must(new SharedInfoPage(b).isPending(theirs), 'a new port is not pending', 'it is, without a send');
      let events = 0;
      b.ops.events(theirs).subscribe(() => events++);
      await stand.settle();
      stand.must(events === 1, `${events} events at the binder`, 'one');
    },
    {
      mutants: [
        inHypervisor('does not set a bound port pending', ({eventChannels}) =>
          instead(eventChannels, 'bindInterdomain', (real, caller, domid, remotePort) => {
            const port = real(caller, domid, remotePort);
            if (port > 0) caller.events.clearPending(port);
            return port;
          }),
        ),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-04',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      for (const [caller, own, peer, peerPort] of [
        [a, port, b, theirs],
        [b, theirs, a, port],
      ] as const) {
        const seen = statusOf(caller, own);
        stand.must(
          seen.status === EVTCHNSTAT.interdomain && seen.dom === peer.domid && seen.port === peerPort,
          `port ${own} of d${caller.domid} has status ${seen.status}, peer d${seen.dom} ${seen.port}`,
          `interdomain, peer d${peer.domid} ${peerPort}`,
        );
      }
    },
    {
      mutants: [
        inEvents('tells the own port for the peer', 'status', (real, caller, domid, port) => {
          const status = real(caller, domid, port);
          return typeof status === 'number' ? status : {...status, remotePort: port + 100};
        }),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-05',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const other = await stand.guest();
      stand.must(b.ops.evtchnClose(theirs) === 0, 'close fails', '0');
      stand.must(statusOf(b, theirs).status === EVTCHNSTAT.closed, 'the port is open', 'it is closed');
      const {status, dom} = statusOf(a, port);
      stand.must(
        status === EVTCHNSTAT.unbound && dom === b.domid,
        `the peer has status ${status}, for d${dom}`,
        `unbound, for d${b.domid}`,
      );
      mustAnswer(stand, [['another domain binds it', other.ops.evtchnBindInterdomain(a.domid, port), EINVAL]]);
      stand.must(b.ops.evtchnBindInterdomain(a.domid, port) > 0, 'the closer cannot bind it', 'it can');
    },
    {mutants: [forgetsPeers, inEvents('does not close', 'close', () => 0), bindsOthersPorts]},
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-06',
    async (stand) => {
      const {a, port} = await connectPair(stand);
      const close = (each: number): number => portCall(stand, a, EVTCHNOP.close, each);
      mustAnswer(stand, [
        ['an open port', close(port), 0],
        ['again', close(port), EINVAL],
        ['a free one', close(3000), EINVAL],
        ['port 0', close(0), EINVAL],
        ['port 4096', close(PORTS_2L), EINVAL],
        ['port 2^32-1', close(0xffff_ffff), EINVAL],
      ]);
    },
    {mutants: [eventAnswers('close', EINVAL, 0)]},
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-07',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const unbound = a.ops.evtchnAllocUnbound(b.domid);
      const virq = a.ops.evtchnBindVirq(VIRQ.DEBUG, 0);
      const send = (each: number): number => portCall(stand, a, EVTCHNOP.send, each);
      b.ops.events(theirs);
      await stand.settle();
      const page = new SharedInfoPage(b);
      stand.must(!page.isPending(theirs), 'the port stays pending', 'its event was taken');
      mustAnswer(stand, [['interdomain', send(port), 0]]);
      stand.must(page.isPending(theirs), 'the peer is not pending', 'it is');
      mustAnswer(stand, [
        ['unbound', send(unbound), 0],
        ['virq', send(virq), EINVAL],
        ['closed', send(3000), EINVAL],
        ['port 0', send(0), EINVAL],
        ['port 2^32-1', send(0xffff_ffff), EINVAL],
      ]);
      stand.must(!new SharedInfoPage(a).isPending(unbound), 'the unbound port is pending', 'the event is dropped');
    },
    {mutants: [dropsEvents, eventAnswers('send', EINVAL, 0), inEvents('sends nothing', 'send', () => 0)]},
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-08',
    async (stand) => {
      const a = await stand.guest();
      const port = a.ops.evtchnBindIpi(0);
      let events = 0;
      a.ops.events(port).subscribe(() => events++);
      await stand.settle();
      stand.must(a.ops.evtchnSend(port) === 0, 'send fails', '0');
      stand.must(new SharedInfoPage(a).isPending(port), 'it is not pending', "the sender's own port is");
      await stand.settle();
      stand.must(events === 1, `${events} events`, 'one');
    },
    {mutants: [dropsEvents, keepsQuiet]},
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-09',
    async (stand) => {
      const {a, b, port} = await connectPair(stand);
      const status = ({ops}: Caller, domid: number): number => {
        const answer = ops.evtchnStatus(domid, port);
        return typeof answer === 'number' ? answer : 0;
      };
      mustAnswer(stand, [
        ["a guest of dom0's", status(a, 0), EPERM],
        ["a guest of another's", status(b, a.domid), EPERM],
        ['its own', status(a, DOMID_SELF), 0],
        ["dom0 of a guest's", status(stand.dom0, a.domid), 0],
      ]);
    },
    {
      mutants: [
        inHypervisor('does not ask who calls', (xen) =>
          instead(xen.eventChannels, 'status', (real, caller, domid, port) =>
            real(xen.domain(domid) ?? caller, domid, port),
          ),
        ),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-10',
    async (stand) => {
      const a = await stand.guest({vcpus: 2});
      const bind = (virq: number, vcpu: number): number => {
        const {result} = stand.call(a, event_channel_op, EVTCHNOP.bind_virq, [virq, vcpu, 0]);
        return result;
      };
      mustAnswer(stand, [
        ['per vCPU, vCPU 0', bind(VIRQ.TIMER, 0), 0],
        ['per vCPU, vCPU 1', bind(VIRQ.TIMER, 1), 0],
        ['again', bind(VIRQ.TIMER, 1), EEXIST],
        ['a missing vCPU', bind(VIRQ.DEBUG, 2), ENOENT],
        ['a global one on vCPU 1', bind(VIRQ.DOM_EXC, 1), EINVAL],
        ["a global one of dom0's", bind(VIRQ.DOM_EXC, 0), EBUSY],
        ['no VIRQ', bind(24, 0), EINVAL],
        ['no VIRQ, 2^32-1', bind(0xffff_ffff, 0), EINVAL],
      ]);
    },
    {
      mutants: [
        eventAnswers('bindVirq', EEXIST, 0),
        eventAnswers('bindVirq', ENOENT, EINVAL),
        eventAnswers('bindVirq', EBUSY, EPERM),
        inEvents('takes every vCPU for vCPU 0', 'bindVirq', (real, caller, virq) => real(caller, virq, 0)),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-11',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand, 2);
      const move = (each: number, vcpu: number): number => portCall(stand, a, EVTCHNOP.bind_vcpu, each, vcpu);
      const ipi = a.ops.evtchnBindIpi(0);
      const timer = a.ops.evtchnBindVirq(VIRQ.TIMER, 0);
      stand.must(statusOf(a, port).vcpu === 0, `a new port is on vCPU ${statusOf(a, port).vcpu}`, 'vCPU 0');
      mustAnswer(stand, [
        ['an interdomain port', move(port, 1), 0],
        ['a missing vCPU', move(port, 2), ENOENT],
        ['an IPI', move(ipi, 1), EINVAL],
        ['a VIRQ of a vCPU', move(timer, 1), EINVAL],
        ['a closed port', move(3000, 1), EINVAL],
      ]);
      a.ops.evtchnUnmask(port);
      b.ops.evtchnSend(theirs);
      const page = new SharedInfoPage(a);
      stand.must(
        page.upcallPending(1) && !page.upcallPending(0),
        `upcalls of vCPU 0: ${page.upcallPending(0)}, of vCPU 1: ${page.upcallPending(1)}`,
        'vCPU 1 is told',
      );
      a.ops.evtchnClose(port);
      const again = a.ops.evtchnAllocUnbound(b.domid);
      stand.must(again === port, `the next port is ${again}`, `${port}`);
      stand.must(statusOf(a, again).vcpu === 0, `a port used again is on vCPU ${statusOf(a, again).vcpu}`, 'vCPU 0');
    },
    {
      mutants: [
        tellsVcpu0,
        eventAnswers('bindVcpu', EINVAL, 0),
        eventAnswers('bindVcpu', ENOENT, 0),
        inEvents('opens ports on vCPU 1', 'allocUnbound', (real, caller, domid, remote) => {
          const port = real(caller, domid, remote);
          const channel = caller.ports.get(port);
          if (channel !== undefined) channel.vcpu = caller.vcpus.length - 1;
          return port;
        }),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-12',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const page = new SharedInfoPage(a);
      b.ops.evtchnSend(theirs);
      stand.must(page.isPending(port) && !page.upcallPending(0), 'a masked port makes an upcall', 'it is pending only');
      mustAnswer(stand, [
        ['unmask', portCall(stand, a, EVTCHNOP.unmask, port), 0],
        ['unmask of a closed port', portCall(stand, a, EVTCHNOP.unmask, 0), EINVAL],
      ]);
      stand.must(!page.isMasked(port), 'the port is masked', 'the mask is clear');
      stand.must(page.upcallPending(0), 'no upcall', 'what is pending is delivered');
    },
    {mutants: [noUnmaskDelivery, inWords('does not clear the mask', 'clearMask', () => undefined)]},
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-13',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const ipi = a.ops.evtchnBindIpi(0);
      const gfn = a.ops.pages.alloc() ?? stand.inconclusive('no page is free');
      const init = (): number => portCall(stand, a, EVTCHNOP.init_control, gfn, 0, 0, 0, 0, 0);
      mustAnswer(stand, [
        ['FIFO', init(), 0],
        ['a reset of another domain', portCall(stand, b, EVTCHNOP.reset, a.domid), EPERM],
        ['reset', portCall(stand, a, EVTCHNOP.reset, DOMID_SELF), 0],
      ]);
      for (const each of [port, ipi]) {
        const {status} = statusOf(a, each);
        stand.must(status === EVTCHNSTAT.closed, `port ${each} has status ${status}`, 'closed');
      }
      const {status} = statusOf(b, theirs);
      stand.must(status === EVTCHNSTAT.unbound, `the peer has status ${status}`, 'unbound');
      mustAnswer(stand, [
        ['expand_array without FIFO', portCall(stand, a, EVTCHNOP.expand_array, gfn, 0), EOPNOTSUPP],
        ['FIFO once more', init(), 0],
      ]);
    },
    {
      mutants: [
        inEvents('does nothing at a reset', 'reset', () => 0),
        inHypervisor('keeps FIFO words at a reset', ({eventChannels}) =>
          instead(eventChannels, 'reset', (real, caller, domid) => {
            const {events} = caller;
            const result = real(caller, domid);
            caller.events = events;
            return result;
          }),
        ),
        eventAnswers('reset', EPERM, 0),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-15',
    async (stand) => {
      const a = await stand.guest();
      const {xen} = stand.rig;
      const control = a.ops.pages.alloc() ?? stand.inconclusive('no page is free');
      if (portCall(stand, a, EVTCHNOP.init_control, control, 0, 0, 0, 0, 0) !== 0) stand.inconclusive('no FIFO');
      for (let i = 0; i < 5; i++) {
        const gfn = a.ops.pages.alloc() ?? stand.inconclusive('no page is free');
        portCall(stand, a, EVTCHNOP.expand_array, gfn, 0);
      }
      let last = 0;
      while (last <= PORTS_2L) last = xen.eventChannels.allocUnbound(a.domain, a.domid, 0);
      a.ops.evtchnClose(last);
      stand.must(statusOf(a, last).status === EVTCHNSTAT.closed, `port ${last} is not valid`, 'it is closed');
      portCall(stand, a, EVTCHNOP.reset, DOMID_SELF);
      for (const port of [1, 100, last]) {
        const {status} = statusOf(a, port);
        stand.must(status === EVTCHNSTAT.closed, `status of port ${port} after a reset: ${status}`, 'closed');
      }
    },
    {
      mutants: [
        inEvents('has fewer ports after a reset', 'status', (real, caller, domid, port) =>
          port >= caller.events.maxPorts ? EINVAL : real(caller, domid, port),
        ),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-OPS-16',
    async (stand) => {
      const {a, b} = await connectPair(stand);
      const open = b.ops.evtchnAllocUnbound(a.domid);
      const last = fillPorts(stand, a);
      mustAnswer(stand, [
        ['alloc_unbound', a.ops.evtchnAllocUnbound(b.domid), ENOSPC],
        ['bind_interdomain', a.ops.evtchnBindInterdomain(b.domid, open), ENOSPC],
        ['bind_virq', a.ops.evtchnBindVirq(VIRQ.DEBUG, 0), ENOSPC],
        ['bind_ipi', a.ops.evtchnBindIpi(0), ENOSPC],
      ]);
      const {status} = statusOf(b, open);
      stand.must(status === EVTCHNSTAT.unbound, `the peer's port has status ${status}`, 'it is still unbound');
      a.ops.evtchnClose(last);
      const virq = a.ops.evtchnBindVirq(VIRQ.DEBUG, 0);
      stand.must(virq === last, `the VIRQ binds to ${virq}`, `port ${last}, as it was not bound`);
    },
    {
      mutants: [
        eventAnswers('bindVirq', ENOSPC, EINVAL),
        inHypervisor('marks a VIRQ bound without a port', ({eventChannels}) =>
          instead(eventChannels, 'bindVirq', (real, caller, virq, vcpu) => {
            const port = real(caller, virq, vcpu);
            if (port === ENOSPC) caller.virqPorts.set(virq * 1024 + (vcpu ?? 0), 0);
            return port;
          }),
        ),
        inHypervisor('binds the peer before it has a port', (xen) =>
          instead(xen.eventChannels, 'bindInterdomain', (real, caller, domid, remotePort) => {
            const port = real(caller, domid, remotePort);
            if (port === ENOSPC) xen.domain(domid)?.ports.set(remotePort, {kind: 'ipi', vcpu: 0});
            return port;
          }),
        ),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-2L-01',
    async (stand) => {
      const a = await stand.guest();
      const last = fillPorts(stand, a);
      stand.must(last === PORTS_2L - 1, `the last port is ${last}`, `${PORTS_2L - 1}`);
    },
    {variant: 'x86_64', mutants: [endsPortsAt(1024)]},
  ),
  check(
    'hypervisor',
    'EVTCHN-2L-01',
    async (stand) => {
      const a = await stand.guest();
      const last = fillPorts(stand, a);
      stand.must(last === 1023, `the last port is ${last}`, '1023');
    },
    {variant: 'x86_32', abi: 'x86_32', mutants: [endsPortsAt(1022)]},
  ),
];
