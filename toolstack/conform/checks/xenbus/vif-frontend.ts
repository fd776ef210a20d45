import {check, type Check} from '../../check.ts';
import {keepsGrants, keepsPorts} from '../../mutants/leaks.ts';
import {
  backState,
  deafAfter,
  frontState,
  neverUnwatches,
  publishesLate,
  readsInstead,
  skipsState,
  writesInstead,
  writesOutside,
  writesTwice,
} from '../../mutants/store.ts';
import type {VifFrontendStand} from '../../stand/vif-frontend.ts';
import {mustNotRepeat, mustPrecede, mustWriteStates} from './states.ts';

const transportKeys = ['tx-ring-ref', 'rx-ring-ref', 'event-channel', 'request-rx-copy'];
const CYCLES = 4;

/** The toolstack has the backend close the device, for good. */
const closes = async (stand: VifFrontendStand, ...states: readonly number[]): Promise<void> => {
  await stand.write(`${stand.backPath(stand.devid)}/online`, '0');
  for (const state of states) await stand.setState(state);
};

/** The device's end, once its directories are gone. */
const removes = async (stand: VifFrontendStand): Promise<void> => {
  stand.peer.disconnect();
  await stand.setState(6);
  await stand.settle();
  await stand.removeDevice(stand.devid);
  await stand.settle();
};

const mustClose = async (stand: VifFrontendStand): Promise<void> =>
  stand.must(
    await stand.until(async () => (await stand.state) === 6),
    `the frontend is in state ${await stand.state}`,
    'it closes',
  );

/** What a network frontend does in the steps that all devices have. */
export const vifFrontendChecks: readonly Check[] = [
  check(
    'frontend/vif',
    'XENBUS-SM-01',
    async (stand) => {
      await stand.connect();
      await closes(stand, 6);
      await mustClose(stand);
      mustWriteStates(stand, stand.frontPath(stand.devid));
    },
    {mutants: [writesInstead('pads states', frontState, (value) => `0${value}`)]},
  ),
  check(
    'frontend/vif',
    'XENBUS-SM-04',
    async (stand) => {
      await stand.connect();
      const {store} = stand;
      const path = stand.frontPath(stand.devid);
      mustPrecede(stand, path, transportKeys, 4);
      const parts = store.writes.filter(({path: written}) => transportKeys.some((key) => written === `${path}/${key}`));
      const transactions = new Set(parts.map(({txId}) => txId));
      stand.must(
        transactions.size === 1 && !transactions.has(0),
        () => parts.map(({path: each, txId}) => `${each.split('/').at(-1)} in ${txId}`).join(', '),
        'rings and port are published in one transaction',
      );
    },
    {mutants: [publishesLate('rx-ring-ref', frontState, 4), writesOutside('tx-ring-ref')]},
  ),
  check(
    'frontend/vif',
    'XENBUS-SM-09',
    async (stand) => {
      await stand.connect();
      for (let i = 0; i < 3; i++) await stand.setState(4);
      await stand.settle();
      stand.must((await stand.state) === 4, `the frontend is in state ${await stand.state}`, 'it stays Connected');
      stand.must(await stand.works(), 'a frame does not pass', 'service goes on');
    },
    {
      mutants: [
        readsInstead('takes a repeated state for the end', backState, (value, nth) =>
          value === '4' && nth > 3 ? '6' : value,
        ),
      ],
    },
  ),
  check(
    'frontend/vif',
    'XENBUS-SM-17',
    async (stand) => {
      const {tx} = await stand.connect();
      stand.must(await stand.works(), 'a frame does not pass', 'frames pass');
      await closes(stand, 5);
      await mustClose(stand);
      const {reqProd} = tx;
      stand.must(await stand.isDisabled(), 'a frame is sent', 'the device is gone');
      stand.must(tx.reqProd === reqProd, 'requests are put on the ring', 'no new work');
      await removes(stand);
      stand.must(stand.guestLives, 'the guest has crashed', 'it lives');
    },
    {
      mutants: [
        readsInstead('does not look for Closing', backState, (value) => (value === '5' ? '4' : value)),
        skipsState(frontState, 6),
      ],
    },
  ),
  check(
    'frontend/vif',
    'XENBUS-SM-18',
    async (stand) => {
      const peer = await stand.connect();
      peer.disconnect();
      await closes(stand, 6);
      await mustClose(stand);
      await removes(stand);
      for (const ref of [peer.txRef, peer.rxRef])
        stand.must(peer.map(ref) < 0, `ring reference ${ref} is granted`, 'the rings are taken back');
    },
    {mutants: [readsInstead('waits for Closing', backState, (value) => (value === '6' ? '4' : value)), keepsGrants]},
  ),
  check(
    'frontend/vif',
    'XENBUS-SM-20',
    async (stand) => {
      await stand.connect();
      await closes(stand, 6);
      await mustClose(stand);
      mustNotRepeat(stand, stand.frontPath(stand.devid));
    },
    {mutants: [writesTwice(frontState)]},
  ),
  check(
    'frontend/vif',
    'XENBUS-LIFE-04',
    async (stand) => {
      await stand.connect();
      await stand.setState(5);
      await stand.settle();
      stand.peer.disconnect();
      await stand.setState(6);
      await stand.settle();
      await stand.setState(2);
      const isBack = await stand.until(async () => (await stand.state) === 4);
      stand.must(isBack, `the frontend is in state ${await stand.state}`, 'it connects to the new backend');
      await stand.meet();
      await stand.setState(4);
      await stand.settle();
      stand.must(await stand.works(), 'a frame does not pass', 'frames pass');
    },
    {mutants: [deafAfter(frontState, 6, backState)]},
  ),
  check(
    'frontend/vif',
    'XENBUS-LIFE-09',
    async (stand) => {
      const counts = (): string =>
        `${stand.grants} grants, ${stand.portsOf(stand.guest)} ports, ${stand.store.watches} watches`;
      let first = '';
      for (let i = 0; i < CYCLES; i++) {
        await stand.connect();
        if (!(await stand.works())) stand.inconclusive('a frame does not pass');
        await closes(stand, 5);
        await stand.settle();
        await removes(stand);
        if (i === 0) first = counts();
      }
      stand.must(counts() === first, counts, `${first}, as after the first time`);
    },
    {seeds: 1, mutants: [keepsGrants, keepsPorts, neverUnwatches]},
  ),
  check(
    'frontend/vif',
    'EVTCHN-USE-03',
    async (stand) => {
      const before = stand.portsOf(stand.guest);
      const peer = await stand.connect();
      stand.must(await stand.works(), 'a frame does not pass', 'frames pass');
      await closes(stand, 5);
      await mustClose(stand);
      for (let i = 0; i < 3; i++) peer.notifyTx();
      await removes(stand);
      const after = stand.portsOf(stand.guest);
      stand.must(after === before, `${after} ports are open`, `${before}, as before`);
      stand.must(stand.guestLives, 'the guest has crashed', 'it lives');
    },
    {mutants: [keepsPorts]},
  ),
];
