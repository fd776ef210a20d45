import {check, type Check} from '../../check.ts';
import {neverWrites, readsInstead, writesInstead} from '../../mutants/store.ts';
import {frameFromGuest, frameToGuest, sameBytes} from '../../peers/frames.ts';
import type {VifBackendStand} from '../../stand/vif-backend.ts';
import {packetOf} from './rx.ts';

const NS_PER_S = 1e9;
/** Of Linux's netback, in seconds. */
const STALL_S = 60;
const DRAIN_S = 10;
const STEP_S = 5;
const FRAME_BYTES = 1000;

/** Puts so many frames of 1000 bytes; how many are answered within a second, those of before among them. */
const flood = async (stand: VifBackendStand, count: number): Promise<number> => {
  for (let i = 0; i < count; i++) stand.peer.putFrame(frameFromGuest(FRAME_BYTES, i), i);
  stand.peer.pushTx();
  await stand.settle(NS_PER_S);
  return stand.peer.takeTx().length;
};

/** A frame every few seconds for so long, to a frontend that posts nothing. */
const starve = async (stand: VifBackendStand, seconds: number): Promise<void> => {
  for (let s = 0; s < seconds; s += STEP_S) {
    stand.wire.send(frameToGuest(60));
    await stand.settle(STEP_S * NS_PER_S);
  }
};

/** The carrier goes off when the frontend posts nothing for long, and on when it does. */
export const mustNoticeStall = async (stand: VifBackendStand): Promise<void> => {
  const peer = await stand.connect();
  await starve(stand, STALL_S - STEP_S);
  const early = await stand.back('carrier');
  stand.must(early !== '0', `carrier is 0 after ${STALL_S - STEP_S} s`, `1 for ${STALL_S} s`);
  await starve(stand, 2 * STEP_S);
  const down = await stand.back('carrier');
  stand.must(down === '0', `carrier is ${down}`, `0: the frontend has posted nothing for ${STALL_S} s`);
  peer.post(8);
  peer.pushRx();
  await stand.settle();
  const up = await stand.back('carrier');
  stand.must(up === '1', `carrier is ${up}`, '1: the frontend posts again');
  peer.takeRx();
  stand.must((await stand.deliver(frameToGuest(60))).length === 1, 'a frame does not pass', 'frames pass');
};

export const noticesNoStall = readsInstead('notices no stall', 'tuning', () => 'stall=0');

export const waitingChecks: readonly Check[] = [
  check(
    'backend/vif',
    'NETIF-NEG-15',
    async (stand) => {
      const path = `${stand.backPath(stand.devid)}/rate`;
      // 20,000 bytes each 100 s.
      await stand.connect({back: {rate: '20000,100000000'}});
      const first = await flood(stand, 60);
      stand.must(first >= 15 && first <= 25, `${first} frames of 1000 bytes go at once`, '20,000 bytes at a time');
      const early = await flood(stand, 0);
      stand.must(early === 0, `${early} frames more within the interval`, 'none');
      await stand.settle(100 * NS_PER_S);
      const second = await flood(stand, 0);
      stand.must(second >= 15 && second <= 25, `${second} frames in the next interval`, '20,000 bytes');
      const left = 60 - first - second;
      await stand.write(path, '1000000,50000');
      await stand.settle(NS_PER_S);
      const rest = await flood(stand, 0);
      stand.must(rest === left, `${rest} frames`, `the other ${left}: the rate has changed`);
      await stand.remove(path);
      const free = await flood(stand, 200);
      stand.must(free === 200, `${free} of 200 frames`, 'all: there is no rate any more');
    },
    {
      seeds: 1,
      mutants: [
        readsInstead('does not look at rate', 'rate', () => undefined),
        readsInstead('looks at rate when it connects only', 'rate', (value, nth) =>
          nth > 0 ? '20000,100000000' : value,
        ),
        readsInstead('takes bytes for kilobytes', 'rate', (value) => value?.replace(',', '000,')),
      ],
    },
  ),
  check('backend/vif', 'NETIF-RX-15', mustNoticeStall, {
    seeds: 1,
    mutants: [
      neverWrites('carrier'),
      writesInstead('does not say that it goes on', 'carrier', (value) => (value === '1' ? undefined : value)),
      noticesNoStall,
      readsInstead('notices a stall too soon', 'tuning', () => 'stall=10'),
    ],
  }),
  check(
    'backend/vif',
    'NETIF-RX-16',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 5; i++) stand.wire.send(frameToGuest(60, i));
      await stand.settle((DRAIN_S / 2) * NS_PER_S);
      const late = frameToGuest(100, 9);
      stand.wire.send(late);
      await stand.settle((DRAIN_S / 2 + 1) * NS_PER_S);
      peer.post(8);
      peer.pushRx();
      await stand.settle();
      const taken = peer.takeRx();
      stand.must(
        taken.length === 1 && sameBytes(packetOf(taken), late),
        `${taken.length} frames`,
        `one: the others have waited for more than ${DRAIN_S} s`,
      );
    },
    {
      mutants: [
        readsInstead('keeps frames for long', 'tuning', () => 'drain=60000'),
        readsInstead('keeps no frames', 'tuning', () => 'drain=1'),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-NEG-05',
    async (stand) => {
      const peer = await stand.connect({front: {'feature-rx-notify': ''}});
      for (let i = 0; i < 2; i++) {
        stand.wire.send(frameToGuest(60, i));
        peer.post(1);
        // Nobody tells of the page.
        peer.rx.reqProd = peer.rxProd;
        await stand.settle();
        stand.must(peer.takeRx().length === 1, 'a frame does not come', 'the backend looks at the ring by itself');
      }
      await starve(stand, STALL_S + STEP_S);
      const carrier = await stand.back('carrier');
      stand.must(carrier !== '0', 'carrier is 0', 'no stall is looked for: nobody says when there is room');
    },
    {
      variant: 'polls',
      seeds: 1,
      mutants: [readsInstead('takes any frontend for one with feature-rx-notify', 'feature-rx-notify', () => '1')],
    },
  ),
];
