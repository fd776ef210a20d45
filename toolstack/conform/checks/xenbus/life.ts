import {check, type Check} from '../../check.ts';
import {keepsGrants, keepsMappings, keepsPorts} from '../../mutants/leaks.ts';
import {neverKicksAgain, repeatsFirstLost} from '../../mutants/reconnect.ts';
import {backState, deafAfter, frontState, neverUnwatches, readsInstead} from '../../mutants/store.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';

/** Of blkif in the x86_64 ABI. */
const SLOT_BYTES = 112;
/** A leak shows in a few of them. */
const CYCLES = 10;
const READS = 4;

/** Reads under way whose ring is lost, and a new connection. */
const losesRing = async (
  stand: VbdFrontendStand,
  lose: () => Promise<void>,
): Promise<{done: number; events: number}> => {
  const old = await stand.connect();
  const asked = stand.ask(READS);
  await stand.settle();
  const sectors = old.take().map(({sector}) => sector);
  if (sectors.length !== READS) stand.inconclusive(`${sectors.length} of ${READS} requests are on the ring`);
  await lose();
  await stand.setState(2);
  stand.must(await stand.reaches(3), `the frontend is in state ${await stand.state}`, 'it publishes a new ring');
  const peer = await stand.meet();
  await stand.settle();
  const {events} = peer;
  await stand.publish();
  await stand.setState(4);
  await stand.arrives(4);
  await stand.settle();
  const again = peer.take();
  stand.must(
    again.map(({sector}) => sector).join() === sectors.join(),
    () => `requests for sectors ${again.map(({sector}) => sector).join()}`,
    `each lost request once, in its order: ${sectors.join()}`,
  );
  for (const request of again) peer.serve(request, 0xa5);
  peer.push();
  await stand.settle();
  return {done: asked.done, events: peer.events - events};
};

/** A backend that is started anew. */
const restartsBackend = async (stand: VbdFrontendStand): Promise<void> => {
  await stand.setState(5);
  await stand.settle();
  stand.peer.disconnect();
  await stand.setState(6);
  await stand.settle();
};

/** A suspend, after which nothing of the connection is left. */
const suspends = async (stand: VbdFrontendStand): Promise<void> => {
  stand.peer.disconnect();
  await stand.setState(1);
  await stand.write(`${stand.frontPath(stand.devid)}/state`, '1');
  stand.resume(stand.devid);
  await stand.settle();
};

export const lifeChecks: readonly Check[] = [
  check(
    'frontend/vbd',
    'XENBUS-LIFE-01',
    async (stand) => {
      await stand.attach({state: '4'}, {state: '4'});
      const path = `${stand.frontPath(stand.devid)}/state`;
      // A backend that follows, as long as the old connection lasts.
      for (let i = 0; i < 4; i++) {
        await stand.settle(6e9);
        const state = await stand.state;
        if (state === 5 || state === 6) await stand.setState(state);
      }
      stand.must((await stand.state) === 1, `the frontend is in state ${await stand.state}`, 'it starts anew');
      const [closed, begun] = ['6', '1'].map((state) => stand.store.valuesOf(path).indexOf(state));
      stand.must(
        closed >= 0 && closed < begun,
        stand.store.valuesOf(path).join(),
        'it is Closed before it is Initialising',
      );
      await stand.setState(2);
      await stand.join();
      stand.must(await stand.reads(), 'a read failed', 'a read is done');
    },
    {
      mutants: [
        readsInstead('takes the state that it finds for its own', /^device.*\/state$/, (value, nth) =>
          nth === 0 ? '1' : value,
        ),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'XENBUS-LIFE-02',
    async (stand) => {
      const {ringRef} = await stand.connect();
      await suspends(stand);
      await stand.setState(2);
      stand.must(await stand.reaches(3), `the frontend is in state ${await stand.state}`, 'it publishes a new ring');
      const peer = await stand.join();
      stand.must(await stand.reads(), 'a read failed', 'a read is done over the new connection');
      stand.must(peer.ringRef !== ringRef || peer.ring.reqProd === 1, () => String(peer.ring), 'a ring of its own');
    },
    {mutants: [deafAfter(frontState, 4, backState)]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-LIFE-02',
    async (stand) => {
      await stand.connect();
      const path = '/local/domain/0/backend/vbd/99/51712';
      const {dom0} = stand.rig;
      await stand.rig.run(async () => {
        await dom0.xs.mkdir(path);
        await dom0.xs.setPerms(path, ['n0', `r${stand.guest.domain.id}`]);
      });
      stand.peer.disconnect();
      const nodes = {frontend: stand.frontPath(stand.devid), 'frontend-id': '1', online: '1', state: '2'};
      for (const [key, value] of Object.entries(nodes)) await stand.write(`${path}/${key}`, value);
      await stand.write(`${stand.frontPath(stand.devid)}/backend`, path);
      await stand.write(`${stand.frontPath(stand.devid)}/state`, '1');
      stand.resume(stand.devid);
      const due = 'the link to the backend is read again';
      stand.must(await stand.reaches(3), `the frontend is in state ${await stand.state}`, due);
      await stand.meet();
      for (const [key, value] of Object.entries({sectors: '2048', info: '0', 'sector-size': '512', state: '4'}))
        await stand.write(`${path}/${key}`, value);
      stand.must(await stand.reaches(4), `the frontend is in state ${await stand.state}`, due);
      stand.must(await stand.reads(), 'a read failed', 'a read is done over the new connection');
    },
    {
      variant: 'another backend',
      mutants: [
        readsInstead(
          'does not read the link again',
          /device\/vbd\/51712\/backend$/,
          () => '/local/domain/0/backend/vbd/1/51712',
        ),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'XENBUS-LIFE-03',
    async (stand) => {
      const {done} = await losesRing(stand, () => suspends(stand));
      stand.must(done === READS, `${done} of ${READS} reads are done`, 'what was lost is done in the new connection');
    },
    {mutants: [repeatsFirstLost(SLOT_BYTES)]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-LIFE-04',
    async (stand) => {
      const {done} = await losesRing(stand, () => restartsBackend(stand));
      stand.must(done === READS, `${done} of ${READS} reads are done`, 'what was lost is done in the new connection');
    },
    {mutants: [deafAfter(frontState, 6, backState), repeatsFirstLost(SLOT_BYTES)]},
  ),
  check(
    'frontend/vbd',
    'RING-NTF-08',
    async (stand) => {
      const {events} = await losesRing(stand, () => suspends(stand));
      stand.must(events > 0, 'no event', 'the backend is told of the requests that were made again');
    },
    {mutants: [neverKicksAgain]},
  ),
  check(
    'backend/vbd',
    'XENBUS-LIFE-09',
    async (stand) => {
      const {dom0} = stand.rig;
      const counts = (): string =>
        `${stand.mappings} pages mapped, ${stand.portsOf(dom0)} ports, ${stand.store.watches} watches`;
      let first = '';
      for (let i = 0; i < CYCLES; i++) {
        await stand.connect();
        await stand.disconnect();
        await stand.removeDevice(stand.devid);
        await stand.settle();
        if (i === 0) first = counts();
      }
      stand.must(counts() === first, counts, `${first}, as after the first time`);
    },
    {seeds: 1, mutants: [keepsMappings, keepsPorts, neverUnwatches]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-LIFE-09',
    async (stand) => {
      const counts = (): string =>
        `${stand.grants} grants, ${stand.portsOf(stand.guest)} ports, ${stand.store.watches} watches`;
      let first = '';
      for (let i = 0; i < CYCLES; i++) {
        await stand.connect();
        if (!(await stand.reads())) stand.inconclusive('a read failed');
        await stand.write(`${stand.backPath(stand.devid)}/online`, '0');
        await restartsBackend(stand);
        await stand.removeDevice(stand.devid);
        await stand.settle();
        if (i === 0) first = counts();
      }
      stand.must(counts() === first, counts, `${first}, as after the first time`);
    },
    {seeds: 1, mutants: [keepsGrants, keepsPorts, neverUnwatches]},
  ),
];
