import {check, type Check} from '../check.ts';
import {FifoGuest} from '../checks/evtchn/fifo-guest.ts';
import {DOMID_SELF, ENOSPC, EOPNOTSUPP, EPERM, EVTCHNOP, EVTCHNSTAT, VIRQ} from '../checks/evtchn/numbers.ts';
import {connectPair, portCall, statusOf} from '../checks/evtchn/pair.ts';
import {eventAnswers, inEvents} from '../mutants/event-channels.ts';
import {inHypervisor, instead} from '../mutants/host.ts';

const PORTS_2L = 4096;

/** A port that is refused is not taken. */
const leaksPorts = check(
  'hypervisor',
  'XSA-47',
  async (stand) => {
    const [a, b] = [await stand.guest(), await stand.guest()];
    const expected = a.ops.evtchnAllocUnbound(b.domid) + 1;
    for (const domid of [0, b.domid]) {
      const result = portCall(stand, a, EVTCHNOP.alloc_unbound, domid, 0);
      stand.must(result === EPERM, `a port of d${domid} is given: ${result}`, String(EPERM));
    }
    const next = a.ops.evtchnAllocUnbound(b.domid);
    stand.must(next === expected, `the next port is ${next}`, `${expected}: none was taken`);
  },
  {
    mutants: [
      eventAnswers('allocUnbound', EPERM, 0),
      inHypervisor('takes a port before it looks who calls', ({eventChannels}) =>
        instead(eventChannels, 'allocUnbound', (real, caller, domid, remote) => {
          const result = real(caller, domid, remote);
          if (result === EPERM) real(caller, DOMID_SELF, remote);
          return result;
        }),
      ),
    ],
  },
);

/** A handler closes its own port, and another one that is pending. */
const closeInHandler = check(
  'hypervisor',
  'XSA-331',
  async (stand) => {
    const {a, b, port, theirs} = await connectPair(stand);
    const other = a.ops.evtchnAllocUnbound(b.domid);
    const toOther = b.ops.evtchnBindInterdomain(a.domid, other);
    const late: number[] = [];
    let closed = false;
    for (const each of [port, other]) {
      a.ops.events(each).subscribe(() => {
        if (closed) late.push(each);
        closed = true;
        for (const every of [port, other]) a.ops.evtchnClose(every);
      });
    }
    await stand.inEveryOrder(async () => {
      for (const each of [theirs, toOther]) stand.rig.schedule.post(() => b.ops.evtchnSend(each));
      await stand.settle(1e6);
    });
    stand.must(late.length === 0, () => `handlers of ${late.join(' ')} run`, 'none runs once its port is closed');
    const again = a.ops.evtchnAllocUnbound(b.domid);
    let events = 0;
    a.ops.events(again).subscribe(() => events++);
    await stand.settle();
    stand.must(events === 0, `${events} events on a port that is used again`, 'none: it starts clear');
  },
  {
    orders: 6,
    mutants: [
      inHypervisor('leaves a port pending that is closed', ({eventChannels}) => {
        instead(eventChannels, 'close', (real, caller, port) => {
          const result = real(caller, port);
          caller.events.setPending(port);
          return result;
        });
        instead(eventChannels, 'allocUnbound', (real, caller, domid, remote) => {
          const port = real(caller, domid, remote);
          if (port > 0) caller.events.setPending(port);
          return port;
        });
      }),
    ],
  },
);

/** A reset comes between any two operations. */
const resetBetween = check(
  'hypervisor',
  'XSA-343',
  async (stand) => {
    const {a, b, port, theirs} = await connectPair(stand);
    const tasks = [
      () => portCall(stand, a, EVTCHNOP.reset, DOMID_SELF),
      () => b.ops.evtchnSend(theirs),
      () => portCall(stand, a, EVTCHNOP.unmask, port),
      () => portCall(stand, a, EVTCHNOP.bind_vcpu, port, 0),
    ];
    const results: number[] = [];
    await stand.inEveryOrder(async () => {
      for (const task of tasks) stand.rig.schedule.post(() => results.push(task()));
      await stand.settle(1);
    });
    const wrong = results.find((result) => result !== 0 && result !== -22);
    stand.must(wrong === undefined, `an operation answers ${wrong}`, '0, or -22 for a port that is closed');
    stand.must(statusOf(a, port).status === EVTCHNSTAT.closed, 'the port is open', 'it was reset');
    stand.must(statusOf(b, theirs).status === EVTCHNSTAT.unbound, 'the peer is bound', 'it is unbound');
  },
  {orders: 24, mutants: [inEvents('does nothing at a reset', 'reset', () => 0)]},
);

/** VIRQs of a guest without a free port. */
const virqWithoutPort = check(
  'hypervisor',
  'XSA-496',
  async (stand) => {
    const a = await stand.guest();
    const consumer = stand.dom0.ops.evtchnBindVirq(VIRQ.DOM_EXC, 0);
    if (consumer < 0) stand.inconclusive(`dom0 cannot bind VIRQ_DOM_EXC: ${consumer}`);
    let events = 0;
    stand.dom0.ops.events(consumer).subscribe(() => events++);
    for (let i = 0; i < PORTS_2L; i++) stand.rig.xen.eventChannels.allocUnbound(a.domain, a.domid, 0);
    for (const virq of [VIRQ.DEBUG, VIRQ.DOM_EXC, VIRQ.CONSOLE]) {
      const result = a.ops.evtchnBindVirq(virq, 0);
      stand.must(result < 0, `VIRQ ${virq} binds to ${result}`, String(ENOSPC));
    }
    await stand.settle();
    events = 0;
    stand.kill(a);
    await stand.settle();
    stand.must(events > 0, 'dom0 is not told of the end of a domain', 'its VIRQ is as it was');
  },
  {
    mutants: [
      inHypervisor('undoes what another has bound', (xen) =>
        instead(xen.eventChannels, 'bindVirq', (real, caller, virq, vcpu) => {
          const port = real(caller, virq, vcpu);
          if (port < 0) xen.domain(0)?.virqPorts.delete(virq * 1024);
          return port;
        }),
      ),
    ],
  },
);

/** expand_array and reset in every order. */
const expandAndReset = check(
  'hypervisor',
  'XSA-505',
  async (stand) => {
    const a = await stand.guest();
    const fifo = new FifoGuest(stand, a);
    fifo.init();
    const results: number[] = [];
    await stand.inEveryOrder(async () => {
      stand.rig.schedule.post(() => results.push(fifo.expand()));
      stand.rig.schedule.post(() => portCall(stand, a, EVTCHNOP.reset, DOMID_SELF));
      stand.rig.schedule.post(() => results.push(fifo.expand()));
      await stand.settle(1);
    });
    const last = fifo.expand();
    stand.must(
      results.every((result) => result === 0 || result === EOPNOTSUPP) && last === EOPNOTSUPP,
      () => `expand_array answers ${results.join(' ')}, then ${last}`,
      `0 before the reset, ${EOPNOTSUPP} after it`,
    );
  },
  {orders: 6, mutants: [eventAnswers('expandArray', EOPNOTSUPP, 0)]},
);

export const eventChannelAttacks: readonly Check[] = [
  leaksPorts,
  closeInHandler,
  resetBetween,
  virqWithoutPort,
  expandAndReset,
];
