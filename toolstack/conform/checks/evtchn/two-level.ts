import {check, type Check} from '../../check.ts';
import {
  clearsAfterHandler,
  dropsEvents,
  ignoresMasks,
  inWords,
  keepsQuiet,
  noUnmaskDelivery,
  upcallsAgain,
} from '../../mutants/event-channels.ts';
import {inEachDomain, instead} from '../../mutants/host.ts';
import type {Caller} from '../../stand/hypervisor.ts';
import {connectPair} from './pair.ts';
import {SharedInfoPage} from './shared-info.ts';

const PORTS_A_SELECTOR_BIT = 64;
/** Low ports that never come to rest. */
const FLOOD = 40;

const upcallsOf = ({domain}: Caller): number => domain.vcpus[0].counters().upcalls;

const readsMaskOnly = inWords('clears pending bits that are masked', 'takePending', (domain, real, vcpu, handle) => {
  const taken = real(vcpu, handle);
  for (const [port] of domain.ports.open()) domain.events.clearPending(port);
  return taken;
});

/** Takes one port an upcall, the lowest. */
const takesLowest = inWords('takes only the lowest port', 'takePending', (domain, _real, vcpu, handle) => {
  domain.sharedInfo.clearUpcall(vcpu);
  const ready = [...domain.ports.open()].filter(
    ([port]) => domain.events.isPending(port) && !domain.events.isMasked(port),
  );
  if (ready.length === 0) return 0;
  const [port] = ready[0];
  domain.events.clearPending(port);
  handle(port);
  const [, next] = ready;
  if (next !== undefined && domain.events.raise(vcpu, next[0])) domain.vcpus[vcpu].kick();
  return 1;
});

export const evtchnTwoLevelChecks: readonly Check[] = [
  check(
    'hypervisor',
    'EVTCHN-2L-02',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const page = new SharedInfoPage(a);
      a.ops.evtchnUnmask(port);
      stand.must(!page.isPending(port) && page.selected(0).length === 0, 'bits are set before', 'all are clear');
      b.ops.evtchnSend(theirs);
      const group = Math.floor(port / PORTS_A_SELECTOR_BIT);
      stand.must(page.isPending(port), 'the pending bit is clear', 'it is set');
      stand.must(
        page.selected(0).join(' ') === String(group),
        () => `the selector has bits ${page.selected(0).join(' ')}`,
        `bit ${group}`,
      );
      stand.must(page.upcallPending(0), 'evtchn_upcall_pending is 0', 'it is set');
    },
    {
      mutants: [
        dropsEvents,
        inWords('does not mark the upcall', 'raise', () => false),
        inWords('sets the selector of another group', 'raise', (_domain, real, vcpu, port) =>
          real(vcpu, port + PORTS_A_SELECTOR_BIT),
        ),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-2L-03',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      let events = 0;
      a.ops.events(port).subscribe(() => events++);
      await stand.settle();
      const page = new SharedInfoPage(a);
      const before = upcallsOf(a);
      for (let i = 0; i < 3; i++) {
        b.ops.evtchnSend(theirs);
        // The kernel has taken note of the upcall: another one would show.
        if (i === 0) page.clearUpcall(0);
        else stand.must(!page.upcallPending(0), 'a second upcall is asked for', 'events are merged');
      }
      await stand.settle();
      stand.must(upcallsOf(a) === before + 1, `${upcallsOf(a) - before} upcalls`, 'one');
      stand.must(events === 1, `${events} events`, 'one');
    },
    {mutants: [upcallsAgain, keepsQuiet]},
  ),
  check(
    'hypervisor',
    'EVTCHN-2L-04',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const page = new SharedInfoPage(a);
      a.ops.evtchnMask(port);
      b.ops.evtchnSend(theirs);
      stand.must(page.isPending(port), 'the pending bit is clear', 'it is set');
      stand.must(
        page.selected(0).length === 0 && !page.upcallPending(0),
        'a masked port is selected',
        'no selector bit, no upcall',
      );
    },
    {mutants: [ignoresMasks, dropsEvents]},
  ),
  check(
    'hypervisor',
    'EVTCHN-2L-05',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const page = new SharedInfoPage(a);
      let events = 0;
      a.ops.events(port).subscribe(() => events++);
      await stand.settle();
      page.maskUpcalls(0, true);
      b.ops.evtchnSend(theirs);
      stand.must(page.upcallPending(0), 'evtchn_upcall_pending is 0', 'it is set also when masked');
      await stand.settle();
      stand.must(events === 0, `${events} upcalls of a vCPU that is masked`, 'none');
    },
    {
      mutants: [
        inEachDomain('does not look at evtchn_upcall_mask', ({sharedInfo}) =>
          instead(sharedInfo, 'markUpcall', (real, vcpu) => {
            real(vcpu);
            return true;
          }),
        ),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-2L-06',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const masked = a.ops.evtchnAllocUnbound(b.domid);
      b.ops.evtchnSend(b.ops.evtchnBindInterdomain(a.domid, masked));
      const page = new SharedInfoPage(a);
      const seen: boolean[] = [];
      a.ops.events(port).subscribe(() => {
        seen.push(page.isPending(port) || page.upcallPending(0));
        if (seen.length < 3) b.ops.evtchnSend(theirs);
      });
      b.ops.evtchnSend(theirs);
      await stand.settle();
      stand.must(!seen.includes(true), 'bits are set in the handler', 'they are clear before it is called');
      stand.must(seen.length === 3, `${seen.length} calls of the handler`, 'an event in the handler calls it again: 3');
      stand.must(page.isPending(masked), 'a masked port is clear', 'its event stays');
    },
    {mutants: [clearsAfterHandler, readsMaskOnly]},
  ),
  check(
    'hypervisor',
    'EVTCHN-2L-07',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      let events = 0;
      a.ops.events(port).subscribe(() => events++);
      await stand.settle();
      a.ops.evtchnMask(port);
      b.ops.evtchnSend(theirs);
      await stand.settle();
      stand.must(events === 0, `${events} events while it is masked`, 'none');
      a.ops.evtchnUnmask(port);
      await stand.settle();
      stand.must(events === 1, `${events} events after unmasking`, 'what came meanwhile is not lost');
    },
    {mutants: [noUnmaskDelivery]},
  ),
  check(
    'hypervisor',
    'EVTCHN-2L-08',
    async (stand) => {
      const a = await stand.guest();
      const [low, high] = [a.ops.evtchnBindIpi(0), a.ops.evtchnBindIpi(0)];
      let floods = 0;
      let waited = -1;
      a.ops.events(low).subscribe(() => {
        if (++floods < FLOOD) a.ops.evtchnSend(low);
      });
      a.ops.events(high).subscribe(() => (waited = floods));
      a.ops.evtchnSend(low);
      a.ops.evtchnSend(high);
      await stand.settle();
      stand.must(waited >= 0 && waited <= 2, `the other port waits for ${waited} events`, 'every port has its turn');
    },
    {mutants: [takesLowest]},
  ),
];
