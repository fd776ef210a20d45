import {check, type Check} from '../../check.ts';
import {eventAnswers, inEvents} from '../../mutants/event-channels.ts';
import {inHypervisor, instead} from '../../mutants/host.ts';
import type {Mutant} from '../../mutants/mutant.ts';
import type {Caller, HypervisorStand} from '../../stand/hypervisor.ts';
import {mustAnswer} from './answers.ts';
import {EINVAL, ENOSPC, EVTCHNSTAT, PORTS_2L, VIRQ} from './numbers.ts';
import {connectPair, statusOf} from './pair.ts';

/** Takes every port that there is; the last one. */
const fillPorts = (stand: HypervisorStand, {ops, domid}: Caller, limit = PORTS_2L): number => {
  for (let last = 0, count = 0; count <= limit; count++) {
    const port = stand.rig.xen.eventChannels.allocUnbound(stand.rig.xen.domain(domid) ?? stand.dom0.domain, domid, 0);
    if (port < 0) return last;
    last = port;
  }
  return stand.inconclusive(`d${ops.domid} has no end of ports`);
};

const endsPortsAt = (limit: number): Mutant =>
  inEvents(`ends ports at ${limit}`, 'allocUnbound', (real, caller, ...rest) =>
    caller.ports.ports.length >= limit ? ENOSPC : real(caller, ...rest),
  );

/** There are so many ports. */
export const evtchnLimitChecks: readonly Check[] = [
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
