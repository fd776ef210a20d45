import {check, type Check} from '../../check.ts';
import {
  alwaysNotifies,
  armsTooFar,
  comparesWithoutWrap,
  neverNotifies,
  neverRearms,
  notifiesOnEqual,
  takesEventsForMessages,
  takesOneAnEvent,
  waitsForEvent,
} from '../../mutants/ring-notify.ts';
import {backWords, frontWords} from '../../mutants/ring.ts';
import {needsNotify} from '../../peers/shared-ring-page.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';

/** The second trial goes over the wrap. */
const NEAR_WRAP = 2 ** 32 - 5;
/** Where the threshold stands, counted from the last message taken. */
const thresholds = [1, 2, 3, 4, 5, 40, 2 ** 31, 0, -1, -40];
const MESSAGES = 3;

interface Trial {
  readonly threshold: number;
  readonly due: boolean;
  readonly events: number;
}

/** Three responses at each threshold: was an event due, and did one come? */
const backendTrials = async (stand: VbdBackendStand): Promise<Trial[]> => {
  const peer = await stand.connect({start: NEAR_WRAP});
  const trials: Trial[] = [];
  for (const threshold of thresholds) {
    const [old, before] = [peer.rspCons, peer.events];
    for (let i = 0; i < MESSAGES; i++) peer.putRead(BigInt(i), peer.page());
    peer.ring.rspEvent = old + threshold;
    peer.push();
    await stand.settle();
    const now = peer.ring.rspProd;
    if (peer.take().length !== MESSAGES) stand.inconclusive('requests are not answered');
    trials.push({threshold, due: needsNotify(old, now, (old + threshold) >>> 0), events: peer.events - before});
  }
  return trials;
};

const frontendTrials = async (stand: VbdFrontendStand): Promise<Trial[]> => {
  const peer = await stand.connect();
  const trials: Trial[] = [];
  for (const threshold of thresholds) {
    const [old, before] = [peer.reqCons, peer.events];
    peer.ring.reqEvent = old + threshold;
    const asked = stand.ask(MESSAGES);
    await stand.settle();
    const now = peer.ring.reqProd;
    trials.push({threshold, due: needsNotify(old, now, (old + threshold) >>> 0), events: peer.events - before});
    await stand.serveAll();
    await stand.settle();
    if (asked.done !== MESSAGES) stand.inconclusive('reads are not done');
  }
  return trials;
};

const mustNotify = (stand: VbdBackendStand | VbdFrontendStand, trials: readonly Trial[]): void => {
  const missed = trials.find(({due, events}) => due && events === 0);
  stand.must(
    missed === undefined,
    () => `no event at threshold +${missed?.threshold}`,
    'an event: a push of 3 passed the threshold',
  );
};

const mustSuppress = (stand: VbdBackendStand | VbdFrontendStand, trials: readonly Trial[]): void => {
  const spurious = trials.find(({due, events}) => !due && events > 0);
  stand.must(
    spurious === undefined,
    () => `${spurious?.events} events at threshold +${spurious?.threshold}`,
    'none: no push passed the threshold',
  );
};

export const ringNotifyChecks: readonly Check[] = [
  check('backend/vbd', 'RING-NTF-01', async (stand) => mustNotify(stand, await backendTrials(stand)), {
    mutants: [neverNotifies, comparesWithoutWrap(backWords), notifiesOnEqual(backWords)],
  }),
  check('frontend/vbd', 'RING-NTF-01', async (stand) => mustNotify(stand, await frontendTrials(stand)), {
    ringStart: NEAR_WRAP,
    mutants: [neverNotifies, comparesWithoutWrap(frontWords)],
  }),
  check('backend/vbd', 'RING-NTF-02', async (stand) => mustSuppress(stand, await backendTrials(stand)), {
    mutants: [alwaysNotifies(backWords)],
  }),
  check('frontend/vbd', 'RING-NTF-02', async (stand) => mustSuppress(stand, await frontendTrials(stand)), {
    ringStart: NEAR_WRAP,
    mutants: [alwaysNotifies(frontWords)],
  }),
  check(
    'backend/vbd',
    'RING-NTF-03',
    async (stand) => {
      const peer = await stand.connect();
      await stand.inEveryOrder(async () => {
        for (let i = 0; i < 3; i++) {
          peer.putRead(BigInt(i), peer.page());
          const old = peer.publish();
          const now = peer.reqProd;
          // The event goes out in a task of its own, as late as the order has it.
          stand.rig.schedule.post(() => {
            if (needsNotify(old, now, peer.ring.reqEvent)) peer.notify();
          });
          if (stand.choose(2) === 1) await stand.settle(1);
        }
        await stand.settle();
      });
      const {length} = peer.take();
      stand.must(
        length === 3,
        `${length} of 3 requests are answered`,
        'all: an event is asked for before the last look',
      );
    },
    {orders: 60, mutants: [neverRearms(backWords)]},
  ),
  check(
    'frontend/vbd',
    'RING-NTF-03',
    async (stand) => {
      const peer = await stand.connect();
      const asked = stand.ask(3);
      await stand.settle();
      const requests = peer.take();
      await stand.inEveryOrder(async () => {
        for (const {id, operation} of requests) {
          peer.respond(id, operation);
          const old = peer.publish();
          const now = peer.rspProd;
          stand.rig.schedule.post(() => {
            if (needsNotify(old, now, peer.ring.rspEvent)) peer.notify();
          });
          if (stand.choose(2) === 1) await stand.settle(1);
        }
        await stand.settle();
      });
      stand.must(
        asked.done === 3,
        `${asked.done} of 3 reads are done`,
        'all: an event is asked for before the last look',
      );
    },
    {orders: 60, mutants: [neverRearms(frontWords)]},
  ),
  check(
    'backend/vbd',
    'RING-NTF-04',
    async (stand) => {
      await stand.connect();
      for (let i = 0; i < 5; i++)
        stand.must(
          await stand.serves(),
          `single request ${i} is not answered`,
          'a threshold further ahead must not stop a single request',
        );
    },
    {mutants: [armsTooFar(backWords), neverRearms(backWords)]},
  ),
  check(
    'frontend/vbd',
    'RING-NTF-04',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 5; i++) {
        const asked = stand.ask(1);
        await stand.settle();
        for (const request of peer.take()) peer.serve(request, 0);
        peer.push();
        await stand.settle();
        stand.must(
          asked.done === 1,
          `single read ${i} is not done`,
          'a threshold further ahead must not stop a single read',
        );
      }
    },
    {mutants: [armsTooFar(frontWords), neverRearms(frontWords)]},
  ),
  check(
    'backend/vbd',
    'RING-NTF-05',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 10; i++) {
        peer.notify();
        await stand.settle(1e6);
      }
      stand.must(
        peer.ring.rspProd === 0,
        () => `rsp_prod is ${peer.ring.rspProd}`,
        'an event without a request does nothing',
      );
      stand.must((await stand.state) === 4 && (await stand.serves()), 'the backend serves no more', 'service goes on');
    },
    {mutants: [takesEventsForMessages(backWords)]},
  ),
  check(
    'frontend/vbd',
    'RING-NTF-05',
    async (stand) => {
      const peer = await stand.connect();
      const asked = stand.ask(1);
      await stand.settle();
      const requests = peer.take();
      for (let i = 0; i < 10; i++) {
        peer.notify();
        await stand.settle(1e6);
      }
      stand.must(asked.done + asked.failed === 0, 'the read ended', 'an event without a response does nothing');
      for (const request of requests) peer.serve(request, 0);
      peer.push();
      await stand.settle();
      stand.must(asked.done === 1, 'the read is not done', 'service goes on');
    },
    {mutants: [takesEventsForMessages(frontWords)]},
  ),
  check(
    'backend/vbd',
    'RING-NTF-06',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 3; i++) {
        peer.putRead(BigInt(i), peer.page());
        peer.publish();
      }
      peer.notify();
      await stand.settle();
      const {length} = peer.take();
      stand.must(length === 3, `${length} of 3 requests are answered`, 'all, though there was one event');
    },
    {mutants: [takesOneAnEvent(backWords)]},
  ),
  check(
    'frontend/vbd',
    'RING-NTF-06',
    async (stand) => {
      const peer = await stand.connect();
      const asked = stand.ask(3);
      await stand.settle();
      for (const {id, operation} of peer.take()) {
        peer.respond(id, operation);
        peer.publish();
      }
      peer.notify();
      await stand.settle();
      stand.must(asked.done === 3, `${asked.done} of 3 reads are done`, 'all, though there was one event');
    },
    {mutants: [takesOneAnEvent(frontWords)]},
  ),
  check(
    'backend/vbd',
    'RING-NTF-07',
    async (stand) => {
      await stand.attach();
      const {peer} = stand;
      peer.putRead(1n, peer.page());
      peer.publish();
      await stand.announce();
      if (!(await stand.until(async () => (await stand.state) === 4)))
        stand.inconclusive('the backend does not connect');
      await stand.settle();
      stand.must(
        peer.take().length === 1,
        'the request is not answered',
        'what was in the ring before is served without an event',
      );
    },
    {mutants: [waitsForEvent(backWords)]},
  ),
];
