import {FifoEvents} from '../../../../hypervisor/event-channel/index.ts';
import {check, type Check} from '../../check.ts';
import {dropsEvents, eventAnswers, inEvents, inWords} from '../../mutants/event-channels.ts';
import {inHypervisor, instead} from '../../mutants/host.ts';
import type {HypervisorStand} from '../../stand/hypervisor.ts';
import {FifoGuest} from './fifo-guest.ts';
import {EINVAL, ENOENT, ENOSPC, EOPNOTSUPP, EVTCHNOP, FIFO} from './numbers.ts';
import {connectPair, type Pair, portCall} from './pair.ts';
import {SharedInfoPage} from './shared-info.ts';

const LINK_BITS = 17;
const ARRAY_PAGES = 128;
const NO_GFN = 0xf_ffff;

/** A pair whose first end has FIFO words; its kernel is scripted. */
const fifoPair = async (stand: HypervisorStand, vcpus = 1): Promise<Pair & {fifo: FifoGuest}> => {
  const pair = await connectPair(stand, vcpus);
  const fifo = new FifoGuest(stand, pair.a);
  if (fifo.init().result !== 0 || fifo.expand() !== 0) stand.inconclusive('no FIFO words');
  return {...pair, fifo};
};

/** Another port of `a`, bound by `b`: a's end and b's. */
const anotherPort = ({a, b}: Pair): [port: number, theirs: number] => {
  const port = a.ops.evtchnAllocUnbound(b.domid);
  return [port, b.ops.evtchnBindInterdomain(a.domid, port)];
};

const hex = (word: number): string => `0x${word.toString(16)}`;

const doesNotLink = inWords('does not link', 'raise', () => false);
const linksAnother = inWords('links the port before', 'raise', (_domain, real, vcpu, port) => real(vcpu, port - 1));

export const evtchnFifoChecks: readonly Check[] = [
  check(
    'hypervisor',
    'EVTCHN-FIFO-01',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const fifo = new FifoGuest(stand, a);
      const {result, linkBits} = fifo.init();
      stand.must(result === 0 && linkBits === LINK_BITS, `init answers ${result}, ${linkBits} bits`, '0, 17 bits');
      stand.must(fifo.expand() === 0, 'expand_array fails', '0');
      stand.must(
        fifo.word(port) === FIFO.MASKED,
        `a new word is ${hex(fifo.word(port))}`,
        'masked, as the guest has it',
      );
      b.ops.evtchnSend(theirs);
      const masked = fifo.word(port);
      stand.must(masked === FIFO.PENDING + FIFO.MASKED, `masked and sent to: ${hex(masked)}`, 'bits 31 and 30');
      portCall(stand, a, EVTCHNOP.unmask, port);
      const linked = fifo.word(port);
      stand.must(linked === FIFO.PENDING + FIFO.LINKED, `unmasked: ${hex(linked)}`, 'bits 31 and 29');
    },
    {mutants: [eventAnswers('initControl', LINK_BITS, LINK_BITS - 1), dropsEvents, doesNotLink]},
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-02',
    async (stand) => {
      const a = await stand.guest({vcpus: 2});
      const fifo = new FifoGuest(stand, a);
      const cases = [
        ['not aligned', fifo.init(0, 4).result, EINVAL],
        ['over the end of the page', fifo.init(0, 4096 - 64).result, EINVAL],
        ['an offset of a page', fifo.init(0, 4096).result, EINVAL],
        ['an offset of 2^32-8', fifo.init(0, 0xffff_fff8).result, EINVAL],
        ['no frame', fifo.init(0, 0, NO_GFN).result, EINVAL],
        ['a missing vCPU', fifo.init(2, 0).result, ENOENT],
        ['the last that fits', fifo.init(0, 4096 - 72).result, 0],
        ['another for the same vCPU', fifo.init(0, 0).result, EINVAL],
        ['the second vCPU', fifo.init(1).result, 0],
      ] as const;
      for (const [what, seen, due] of cases) stand.must(seen === due, `${what}: ${seen}`, `${what}: ${due}`);
    },
    {mutants: [eventAnswers('initControl', EINVAL, LINK_BITS), eventAnswers('initControl', ENOENT, EINVAL)]},
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-03',
    async (stand) => {
      const {a, b} = await connectPair(stand);
      const fifo = new FifoGuest(stand, a);
      const early = fifo.expand();
      stand.must(early === EOPNOTSUPP, `without FIFO: ${early}`, String(EOPNOTSUPP));
      fifo.init();
      const wrong = portCall(stand, a, EVTCHNOP.expand_array, NO_GFN, 0);
      stand.must(wrong === EINVAL, `no frame: ${wrong}`, String(EINVAL));
      for (let i = 0; i < ARRAY_PAGES; i++) {
        const result = fifo.expand();
        stand.must(result === 0, `page ${i}: ${result}`, '0');
      }
      const full = fifo.expand();
      stand.must(full === ENOSPC, `one page more: ${full}`, String(ENOSPC));
      for (const port of [1500, 131_071])
        stand.must(fifo.word(port) === FIFO.MASKED, `word ${port} is ${hex(fifo.word(port))}`, 'masked, as it was');
      const [port, theirs] = anotherPort({a, b, port: 0, theirs: 0});
      b.ops.evtchnSend(theirs);
      const word = fifo.word(port);
      stand.must(word === FIFO.PENDING + FIFO.MASKED, `a port that is sent to: ${hex(word)}`, 'pending and masked');
    },
    {
      seeds: 1,
      mutants: [
        eventAnswers('expandArray', ENOSPC, 0),
        eventAnswers('expandArray', EOPNOTSUPP, -38),
        inHypervisor('clears a new page', ({eventChannels}) =>
          instead(eventChannels, 'expandArray', (real, caller, gfn) => {
            const result = real(caller, gfn);
            if (result === 0) caller.memory.u8.fill(0, gfn * 4096, (gfn + 1) * 4096);
            return result;
          }),
        ),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-05',
    async (stand) => {
      const pair = await fifoPair(stand);
      const {a, b, fifo, port, theirs} = pair;
      const [second, toSecond] = anotherPort(pair);
      for (const each of [port, second]) portCall(stand, a, EVTCHNOP.unmask, each);
      b.ops.evtchnSend(theirs);
      const {ready, head} = fifo.queue(0);
      stand.must(ready && head === port, `ready ${ready}, head ${head}`, `ready, head ${port}`);
      stand.must(new SharedInfoPage(a).upcallPending(0), 'no upcall', 'an upcall: the queue was empty');
      b.ops.evtchnSend(toSecond);
      const [first, last] = [fifo.word(port), fifo.word(second)];
      stand.must(
        first === FIFO.PENDING + FIFO.LINKED + second && last === FIFO.PENDING + FIFO.LINKED,
        `words ${hex(first)} and ${hex(last)}`,
        'the first links to the second',
      );
      stand.must(fifo.queue(0).head === port, `head ${fifo.queue(0).head}`, `the head stays ${port}`);
      b.ops.evtchnSend(theirs);
      stand.must(fifo.word(port) === first, `sent to again: ${hex(fifo.word(port))}`, 'it is in the queue already');
    },
    {mutants: [doesNotLink, linksAnother, dropsEvents]},
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-06',
    async (stand) => {
      const {a, b, fifo, port, theirs} = await fifoPair(stand);
      const scribbles = [0xffff_ffff, FIFO.PENDING, FIFO.LINKED + port, FIFO.LINKED + FIFO.LINK_MASK, 0];
      for (const scribble of scribbles) {
        for (let each = 0; each < 64; each++) fifo.setWord(each, scribble);
        fifo.scribbleControl(scribble);
        const result = b.ops.evtchnSend(theirs);
        stand.must(result === 0, `send answers ${result} after ${hex(scribble)}`, '0');
        portCall(stand, a, EVTCHNOP.unmask, port);
        await stand.settle(1e6);
      }
      const other = await connectPair(stand);
      let events = 0;
      other.a.ops.events(other.port).subscribe(() => events++);
      other.b.ops.evtchnSend(other.theirs);
      await stand.settle();
      stand.must(events > 0, 'other domains get no events', 'the host goes on');
    },
    {
      mutants: [
        inWords('trusts that a word which is pending was set by it', 'setPending', (_domain, real, port) => {
          if (!real(port)) throw new Error(`port ${port} is pending`);
          return true;
        }),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-07',
    async (stand) => {
      const {a, b, fifo, port, theirs} = await fifoPair(stand, 2);
      const page = new SharedInfoPage(a);
      portCall(stand, a, EVTCHNOP.unmask, port);
      stand.must(portCall(stand, a, EVTCHNOP.bind_vcpu, port, 1) === 0, 'bind_vcpu fails', '0');
      stand.must(b.ops.evtchnSend(theirs) === 0, 'send fails', '0: the event is dropped');
      stand.must(!page.upcallPending(0) && !page.upcallPending(1), 'an upcall is due', 'the event is not delivered');
      const {result} = fifo.init(1);
      stand.must(result === 0, `init of the vCPU answers ${result}`, '0');
      fifo.setWord(port, 0);
      b.ops.evtchnSend(theirs);
      const {ready, head} = fifo.queue(1);
      stand.must(
        ready && head === port && page.upcallPending(1),
        `ready ${ready}, head ${head}`,
        'it is delivered now',
      );
    },
    {
      mutants: [
        inWords('trusts that each vCPU has a control block', 'raise', ({events}, real, vcpu, port) => {
          if (events instanceof FifoEvents && !events.hasControlBlock(vcpu)) throw new Error('no control block');
          return real(vcpu, port);
        }),
        inWords('tells vCPU 0 in its place', 'raise', (_domain, real, _vcpu, port) => real(0, port)),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-08',
    async (stand) => {
      const {a, b, fifo} = await fifoPair(stand);
      let port = 0;
      while (port < 1024) port = stand.rig.xen.eventChannels.allocUnbound(a.domain, a.domid, b.domid);
      const theirs = b.ops.evtchnBindInterdomain(a.domid, port);
      stand.must(b.ops.evtchnSend(theirs) === 0, 'send fails', '0');
      stand.must(fifo.expand() === 0, 'expand_array fails', '0');
      const word = fifo.word(port);
      stand.must(word === FIFO.PENDING + FIFO.MASKED, `the word is ${hex(word)}`, 'pending: the event was remembered');
    },
    {
      mutants: [
        dropsEvents,
        inEvents('forgets early events', 'expandArray', (real, caller, gfn) => {
          for (const [port] of caller.ports.open()) if (port >= 1024) caller.events.clearPending(port);
          return real(caller, gfn);
        }),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-09',
    async (stand) => {
      const pair = await fifoPair(stand);
      const {a, b, fifo, port, theirs} = pair;
      const [masked, toMasked] = anotherPort(pair);
      const calls: number[] = [];
      for (const each of [port, masked]) a.ops.events(each).subscribe(() => calls.push(each));
      await stand.settle();
      calls.length = 0;
      b.ops.evtchnSend(theirs);
      b.ops.evtchnSend(toMasked);
      a.ops.evtchnMask(masked);
      await stand.settle();
      stand.must(calls.join(' ') === String(port), () => `handlers of ${calls.join(' ')}`, `of ${port}`);
      const [done, held] = [fifo.word(port), fifo.word(masked)];
      stand.must(done === 0, `a word that was handled is ${hex(done)}`, '0: unlinked, not pending');
      stand.must(held === FIFO.PENDING + FIFO.MASKED, `a masked one is ${hex(held)}`, 'pending, unlinked');
    },
    {
      mutants: [
        inWords('handles masked events', 'takePending', (domain, real, vcpu, handle) => {
          for (const [each] of domain.ports.open()) domain.events.clearMask(each);
          return real(vcpu, handle);
        }),
        inWords('leaves events pending', 'takePending', (domain, real, vcpu, handle) =>
          real(vcpu, (each) => {
            handle(each);
            domain.events.setPending(each);
          }),
        ),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-11',
    async (stand) => {
      const pair = await fifoPair(stand);
      const ends = [0, 1, 2, 3].map(() => anotherPort(pair));
      const calls: number[] = [];
      for (const [each] of ends) pair.a.ops.events(each).subscribe(() => calls.push(each));
      await stand.settle();
      calls.length = 0;
      const order = [2, 0, 3, 1].map((i) => ends[i]);
      for (const [, theirs] of order) pair.b.ops.evtchnSend(theirs);
      await stand.settle();
      const due = order.map(([each]) => each).join(' ');
      stand.must(calls.join(' ') === due, () => `handled in the order ${calls.join(' ')}`, `as sent: ${due}`);
    },
    {
      variant: 'one priority',
      mutants: [
        inWords('handles by port number', 'takePending', (_domain, real, vcpu, handle) => {
          const taken: number[] = [];
          const count = real(vcpu, (each) => taken.push(each));
          for (const each of taken.toSorted((x, y) => x - y)) handle(each);
          return count;
        }),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-12',
    async (stand) => {
      const {a, b, port, theirs} = await connectPair(stand);
      const fifo = new FifoGuest(stand, a);
      if (fifo.init().result !== 0 || fifo.expand() !== 0) stand.inconclusive('no FIFO words');
      let events = 0;
      a.ops.events(port).subscribe(() => events++);
      await stand.settle();
      events = 0;
      b.ops.evtchnSend(theirs);
      await stand.settle();
      stand.must(events === 1, `${events} events on a port that was bound before`, 'one: the binding stays');
    },
    {
      mutants: [
        inHypervisor('forgets ports at the change', ({eventChannels}) =>
          instead(eventChannels, 'initControl', (real, caller, ...rest) => {
            for (const [port] of caller.ports.open()) caller.ports.remove(port);
            return real(caller, ...rest);
          }),
        ),
      ],
    },
  ),
];
