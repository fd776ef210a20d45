import {check, type Check} from '../../check.ts';
import {callAnswers} from '../../mutants/grants.ts';
import {inHypervisor, instead} from '../../mutants/host.ts';
import type {Caller, HypervisorStand} from '../../stand/hypervisor.ts';
import {event_channel_op, EVTCHNOP, FIFO} from './numbers.ts';
import {FifoGuest} from './fifo-guest.ts';
import {connectPair} from './pair.ts';

const ENOENT = 2;
const EINVAL = 22;
const ENOSYS = 38;
const PRIORITIES = [0, 7, 15];

const setPriority = (stand: HypervisorStand, caller: Caller, port: number, priority: number): number =>
  stand.call(caller, event_channel_op, EVTCHNOP.set_priority, [port, priority]).result;

/** A guest with FIFO words whose ports go to a peer: port, and the peer's port. */
const fifoEnds = async (
  stand: HypervisorStand,
  count: number,
): Promise<{a: Caller; b: Caller; fifo: FifoGuest; ends: (readonly [number, number])[]}> => {
  const {a, b} = await connectPair(stand);
  const fifo = new FifoGuest(stand, a);
  if (fifo.init().result !== 0 || fifo.expand() !== 0) stand.inconclusive('no FIFO words');
  const ends = Array.from({length: count}, () => {
    const port = a.ops.evtchnAllocUnbound(b.domid);
    return [port, b.ops.evtchnBindInterdomain(a.domid, port)] as const;
  });
  return {a, b, fifo, ends};
};

/** Sets no priority, and says that it did. */
const keepsPriority = inHypervisor('does not set priorities', ({eventChannels}) =>
  instead(eventChannels, 'setPriority', () => 0),
);

export const fifoPriorityChecks: readonly Check[] = [
  check(
    'hypervisor',
    'EVTCHN-FIFO-04',
    async (stand) => {
      const {a, b, fifo, ends} = await fifoEnds(stand, 3);
      for (const [priority, due] of [
        [16, -EINVAL],
        [0xffff_ffff, -EINVAL],
        [15, 0],
        [0, 0],
        [7, 0],
      ]) {
        const result = setPriority(stand, a, ends[0][0], priority);
        stand.must(result === due, `priority ${priority}: ${result}`, String(due));
      }
      const closed = setPriority(stand, a, 999, 3);
      stand.must(closed === -ENOENT, `a port that is not open: ${closed}`, `-${ENOENT}`);
      const twoLevel = setPriority(stand, b, ends[0][1], 3);
      stand.must(twoLevel === -ENOSYS, `2-level words: ${twoLevel}`, `-${ENOSYS}`);
      for (const [i, priority] of PRIORITIES.entries()) {
        const [port, theirs] = ends[i];
        setPriority(stand, a, port, priority);
        fifo.setWord(port, 0);
        b.ops.evtchnSend(theirs);
        const queue = fifo.queue(0, priority);
        stand.must(queue.ready && queue.head === port, `head ${queue.head}`, `port ${port} in queue ${priority}`);
      }
    },
    {
      mutants: [
        keepsPriority,
        callAnswers(event_channel_op, EVTCHNOP.set_priority, -EINVAL, 0),
        callAnswers(event_channel_op, EVTCHNOP.set_priority, -ENOSYS, 0),
      ],
    },
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-11',
    async (stand) => {
      const {a, b, ends} = await fifoEnds(stand, 9);
      const calls: number[] = [];
      for (const [i, [port]] of ends.entries()) {
        setPriority(stand, a, port, PRIORITIES[i % 3]);
        a.ops.events(port).subscribe(() => calls.push(port));
      }
      await stand.settle();
      calls.length = 0;
      for (const [, theirs] of ends) b.ops.evtchnSend(theirs);
      await stand.settle();
      const due = [0, 1, 2].flatMap((rank) => ends.filter((_, i) => i % 3 === rank).map(([port]) => port));
      stand.must(
        calls.join(' ') === due.join(' '),
        () => `handled: ${calls.join(' ')}`,
        `by priority: ${due.join(' ')}`,
      );
    },
    {variant: 'three priorities', mutants: [keepsPriority]},
  ),
  check(
    'hypervisor',
    'EVTCHN-FIFO-05',
    async (stand) => {
      const {a, b, fifo, ends} = await fifoEnds(stand, 2);
      const [[moved, toMoved], [stays, toStays]] = ends;
      fifo.setWord(moved, 0);
      fifo.setWord(stays, 0);
      b.ops.evtchnSend(toMoved);
      // The kernel takes it, and has it in another queue from then on.
      fifo.setWord(moved, 0);
      fifo.clearReady(0);
      setPriority(stand, a, moved, 0);
      b.ops.evtchnSend(toMoved);
      b.ops.evtchnSend(toStays);
      const {head, ready} = fifo.queue(0);
      stand.must(
        ready && head === stays,
        `head ${head} of the old queue`,
        `port ${stays}: its tail has gone elsewhere`,
      );
      const link = fifo.word(moved) % FIFO.LINKED;
      stand.must(link === 0, `a link to ${link} in the other queue`, 'none');
    },
    {
      variant: 'moved',
      mutants: [
        inHypervisor('hangs events behind a tail that has gone', ({eventChannels}) =>
          instead(eventChannels, 'setPriority', (real, caller, port, priority) => {
            instead(caller.events as never, 'leaveOldQueue' as never, (() => undefined) as never);
            return real(caller, port, priority);
          }),
        ),
      ],
    },
  ),
];
