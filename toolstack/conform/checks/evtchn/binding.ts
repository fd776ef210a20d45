import {check, type Check} from '../../check.ts';
import {eventAnswers, inEvents, tellsVcpu0} from '../../mutants/event-channels.ts';
import {inHypervisor, instead} from '../../mutants/host.ts';
import type {Caller} from '../../stand/hypervisor.ts';
import {bindsOthersPorts, mustAnswer} from './answers.ts';
import {
  DOMID_SELF,
  EBUSY,
  EEXIST,
  EINVAL,
  ENOENT,
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

/** Ports are opened, bound and told of. */
export const evtchnBindingChecks: readonly Check[] = [
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
];
