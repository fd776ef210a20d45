import {check, type Check} from '../../check.ts';
import {eventAnswers, inEvents} from '../../mutants/event-channels.ts';
import {inHypervisor, instead} from '../../mutants/host.ts';
import {bindsOthersPorts, mustAnswer} from './answers.ts';
import {DOMID_SELF, EINVAL, EOPNOTSUPP, EPERM, EVTCHNOP, EVTCHNSTAT, PORTS_2L} from './numbers.ts';
import {connectPair, portCall, statusOf} from './pair.ts';

const forgetsPeers = inHypervisor('leaves the peer of a closed port bound', (xen) =>
  instead(xen.eventChannels, 'close', (real, caller, port) => {
    const channel = caller.ports.get(port);
    const result = real(caller, port);
    if (channel?.kind === 'interdomain') channel.remote.ports.set(channel.remotePort, {kind: 'ipi', vcpu: 0});
    return result;
  }),
);

/** Ports are closed, one by one or all. */
export const evtchnClosingChecks: readonly Check[] = [
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
];
