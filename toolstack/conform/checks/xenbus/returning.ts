import {check, type Check} from '../../check.ts';
import {keepsMappings, keepsPorts} from '../../mutants/leaks.ts';
import {backState, deafAfter, frontState, readsInstead, writesInstead} from '../../mutants/store.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';
import {mustLetGo} from './released.ts';

/** What else may stand in a frontend's state node; undefined: it is removed. */
const noStates = ['0', '9', '-1', 'abc', '', undefined] as const;

const setOrRemove = (stand: VbdBackendStand, state: string | undefined): Promise<void> =>
  state === undefined ? stand.remove(`${stand.frontPath(stand.devid)}/state`) : stand.setState(state);

const seesNoState = (instead: string): ReturnType<typeof readsInstead> =>
  readsInstead('takes no state for the last one', frontState, (value) =>
    /^[1-8]$/.test(value ?? '') ? value : instead,
  );

export const returningChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'XENBUS-SM-12',
    async (stand) => {
      await stand.connect();
      await stand.disconnect();
      await stand.settle();
      stand.must((await stand.state) === 6, `the backend is in state ${await stand.state}`, 'it waits, Closed');
      await stand.setState(1);
      stand.must(
        await stand.reaches(2),
        `the backend is in state ${await stand.state}`,
        'it waits for the frontend again',
      );
    },
    {variant: 'online', mutants: [deafAfter(backState, 6, frontState)]},
  ),
  check(
    'backend/vbd',
    'XENBUS-SM-12',
    async (stand) => {
      await stand.connect({target: 'scripted'});
      await stand.write(`${stand.backPath(stand.devid)}/online`, '0');
      await stand.disconnect();
      await stand.settle();
      stand.must(stand.scriptedDisk.closed, 'the image is open', 'the device is given up: its image is let go');
    },
    {variant: 'offline', mutants: [readsInstead('does not look at online', 'online', () => '1')]},
  ),
  check(
    'backend/vbd',
    'XENBUS-SM-13',
    async (stand) => {
      await stand.connect();
      const path = `${stand.backPath(stand.devid)}/max-ring-page-order`;
      const offered = await stand.read(path);
      await stand.disconnect();
      if (offered !== undefined) await stand.remove(path);
      await stand.setState(1);
      stand.must(await stand.reaches(2), `the backend is in state ${await stand.state}`, 'it is in InitWait again');
      stand.must((await stand.read(path)) === offered, 'features are not published again', 'fresh features');
    },
    {
      mutants: [
        deafAfter(backState, 6, frontState),
        writesInstead('publishes features once', 'max-ring-page-order', (value, nth) =>
          nth === 0 ? value : undefined,
        ),
      ],
    },
  ),
  check(
    'backend/vbd',
    'XENBUS-SM-14',
    async (stand) => {
      await stand.connect();
      await stand.setState(1);
      await stand.settle();
      for (const state of [5, 6]) {
        await stand.setState(state);
        await stand.settle();
      }
      await stand.setState(1);
      stand.must(
        await stand.reaches(2),
        `the backend is in state ${await stand.state}`,
        'it waits for a new connection',
      );
      stand.newPeer();
      await stand.meet();
      stand.must(await stand.serves(), 'a read is not answered', 'the new connection is served');
    },
    {mutants: [deafAfter(backState, 4, frontState)]},
  ),
  check(
    'backend/vbd',
    'XENBUS-SM-15',
    async (stand) => {
      await stand.connect();
      await setOrRemove(stand, noStates[stand.choose(noStates.length)]);
      await stand.settle();
      await stand.setState(6);
      await stand.settle();
      await stand.setState(1);
      stand.must(
        await stand.reaches(2),
        `the backend is in state ${await stand.state}`,
        'it recovers when the state is valid',
      );
      stand.newPeer();
      await stand.meet();
      stand.must(await stand.serves(), 'a read is not answered', 'the new connection is served');
    },
    {orders: noStates.length, mutants: [deafAfter(backState, 6, frontState)]},
  ),
  check(
    'backend/vbd',
    'XENBUS-SM-16',
    async (stand) => {
      await stand.connect();
      const path = stand.frontPath(stand.devid);
      await stand.remove(stand.choose(2) === 0 ? path : `${path}/state`);
      stand.must(
        await stand.reaches(5, 6),
        `the backend is in state ${await stand.state}`,
        'the connection is torn down',
      );
      await stand.settle();
      mustLetGo(stand);
    },
    {orders: 2, mutants: [seesNoState('4'), keepsMappings, keepsPorts]},
  ),
  check(
    'backend/vbd',
    'XENBUS-LIFE-05',
    async (stand) => {
      await stand.connect();
      stand.must(await stand.serves(), 'a read is not answered', 'it is');
      const before = stand.mappings;
      for (let i = 0; i < 3; i++) {
        const old = stand.peer;
        await stand.disconnect();
        mustLetGo(stand);
        await stand.reconnect();
        stand.must(
          old.takeRingBack(),
          'the ring of the connection before is mapped',
          'all of it is released before the next one',
        );
        stand.must(stand.mappings === before, () => `${stand.mappings} pages are mapped`, `${before}, as at first`);
        stand.must(await stand.serves(), 'a read is not answered', 'the new connection is served');
      }
    },
    {mutants: [keepsMappings, keepsPorts]},
  ),
];
