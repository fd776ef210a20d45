import {check, type Check} from '../../check.ts';
import {
  dropsEvents,
  eventAnswers,
  inEvents,
  inWords,
  keepsQuiet,
  noUnmaskDelivery,
} from '../../mutants/event-channels.ts';
import {mustAnswer} from './answers.ts';
import {EINVAL, EVTCHNOP, VIRQ} from './numbers.ts';
import {connectPair, portCall} from './pair.ts';
import {SharedInfoPage} from './shared-info.ts';

/** Events are sent, and held by masks. */
export const evtchnSendingChecks: readonly Check[] = [
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
];
