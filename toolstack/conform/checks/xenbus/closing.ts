import {check, type Check} from '../../check.ts';
import {keepsGrants, keepsMappings, keepsPorts, writesLater} from '../../mutants/leaks.ts';
import {alsoSends, backState, deafAfter, frontState, readsInstead, skipsState} from '../../mutants/store.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';
import {mustLetGo} from './released.ts';
import {XS} from '../../../../hypervisor/xenstore/index.ts';

const CANARY = 0xc5;

/** The frontend has taken its ring back, at the latest when its directory goes: the backend cannot map it again. */
const mustTakeBack = (stand: VbdFrontendStand, ringRef: number): void =>
  stand.must(stand.peer.map(ringRef) < 0, `ring-ref ${ringRef} is granted`, 'the ring is taken back');

/** An end that the toolstack does not bring back. */
const takeOffline = (stand: VbdFrontendStand): Promise<void> =>
  stand.write(`${stand.backPath(stand.devid)}/online`, '0');

export const closingChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'XENBUS-SM-10',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      await stand.announce({state: '4'});
      stand.must(await stand.reaches(4), `the backend is in state ${await stand.state}`, 'it connects at 4, too');
      await stand.setState(6);
      stand.must(await stand.reaches(6), `the backend is in state ${await stand.state}`, 'it is Closed');
      mustLetGo(stand);
    },
    {mutants: [readsInstead('waits for Closing', frontState, (value) => (value === '6' ? '4' : value)), keepsMappings]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-SM-10',
    async (stand) => {
      await stand.attach();
      await stand.publish();
      await stand.setState(4);
      stand.must(await stand.reaches(3, 4), `the frontend is in state ${await stand.state}`, 'it publishes its ring');
      await stand.meet();
      // What a backend that missed a step would do: it says again what it is.
      await stand.setState(4);
      stand.must(await stand.reaches(4), `the frontend is in state ${await stand.state}`, 'it connects');
      stand.must(await stand.reads(), 'a read failed', 'a read is done');
    },
    {mutants: [readsInstead('waits for InitWait', backState, (value) => (value === '4' ? '1' : value))]},
  ),
  check(
    'backend/vbd',
    'XENBUS-SM-11',
    async (stand) => {
      await stand.connect();
      await stand.setState(5);
      stand.must(await stand.reaches(5), `the backend is in state ${await stand.state}`, 'it is Closing, too');
      await stand.setState(6);
      stand.must(await stand.reaches(6), `the backend is in state ${await stand.state}`, 'it is Closed, too');
      mustLetGo(stand);
    },
    {mutants: [skipsState(backState, 5), skipsState(backState, 6), keepsMappings, keepsPorts]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-SM-17',
    async (stand) => {
      await stand.connect();
      stand.must(await stand.reads(), 'a read failed', 'a read is done');
      await takeOffline(stand);
      await stand.setState(5);
      stand.must(await stand.reaches(6), `the frontend is in state ${await stand.state}`, 'it closes');
      const {reqProd} = stand.peer.ring;
      stand.must(await stand.isDisabled(), 'a read succeeds', 'the device is gone');
      stand.must(stand.peer.ring.reqProd === reqProd, 'requests are put on the ring', 'no new work');
      stand.peer.disconnect();
      await stand.setState(6);
      await stand.settle();
    },
    {mutants: [deafAfter(frontState, 4, backState), skipsState(frontState, 6)]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-SM-18',
    async (stand) => {
      const {ringRef} = await stand.connect();
      await takeOffline(stand);
      stand.peer.disconnect();
      await stand.setState(6);
      stand.must(await stand.reaches(6), `the frontend is in state ${await stand.state}`, 'it closes');
      stand.must(await stand.isDisabled(), 'a read succeeds', 'the device is gone');
      await stand.removeDevice(stand.devid);
      await stand.settle();
      mustTakeBack(stand, ringRef);
    },
    {mutants: [readsInstead('waits for Closing', backState, (value) => (value === '6' ? '4' : value)), keepsGrants]},
  ),
  check(
    'backend/vbd',
    'XENBUS-SM-19',
    async (stand) => {
      await stand.connect();
      const [front, back] = [stand.frontPath(stand.devid), stand.backPath(stand.devid)];
      await stand.setState(5);
      await stand.inEveryOrder(async () => {
        const removal = stand.removeDevice(stand.devid);
        await stand.settle(stand.choose(2));
        await removal;
      });
      await stand.settle();
      for (const path of [front, back])
        stand.must((await stand.read(`${path}/state`)) === undefined, `${path} is there again`, 'it stays removed');
    },
    {
      orders: 12,
      mutants: [readsInstead('does not look whether the node is there', /^backend.*\/state$/, (value) => value ?? '4')],
    },
  ),
  check(
    'frontend/vbd',
    'XENBUS-SM-19',
    async (stand) => {
      await stand.connect();
      const path = `${stand.frontPath(stand.devid)}/state`;
      await takeOffline(stand);
      await stand.setState(5);
      await stand.inEveryOrder(async () => {
        const removal = stand.remove(path);
        await stand.settle(stand.choose(2));
        await removal;
      });
      await stand.settle();
      stand.must((await stand.read(path)) === undefined, 'the state is there again', 'it stays removed');
    },
    {
      orders: 12,
      mutants: [readsInstead('does not look whether the node is there', /^device.*\/state$/, (value) => value ?? '4')],
    },
  ),
  check(
    'backend/vbd',
    'XENBUS-LIFE-06',
    async (stand) => {
      await stand.connect();
      const {peer} = stand;
      peer.putRead(1n, peer.page());
      peer.publish();
      const {accesses, stop} = stand.spy.record();
      stand.note('the guest is destroyed');
      stand.rig.destroy(stand.guest);
      await stand.settle();
      stop();
      stand.must(stand.mappings === 0, () => `${stand.mappings} pages are mapped`, 'a dead domain is let go');
      const write = accesses.find(({kind}) => kind === 'write');
      stand.must(write === undefined, () => `byte ${write?.offset} of the ring is written`, 'the ring is not touched');
    },
    {mutants: [keepsMappings, deafAfter(backState, 4, /@releaseDomain|device\/.*\/state$/)]},
  ),
  check(
    'backend/vbd',
    'XENBUS-LIFE-07',
    async (stand) => {
      await stand.connect();
      const {peer} = stand;
      stand.must(await stand.serves(), 'a read is not answered', 'it is');
      await stand.disconnect();
      peer.ring.bytes.fill(CANARY);
      const {accesses} = stand.spy.record();
      peer.notify();
      await stand.setState(1);
      await stand.settle();
      stand.must(
        accesses.length === 0,
        () => `byte ${accesses[0].offset} is ${accesses[0].kind}`,
        'no look at the ring',
      );
      const at = peer.ring.bytes.findIndex((byte) => byte !== CANARY);
      stand.must(at < 0, `byte ${at} of the ring was written`, 'the ring stays as it is');
    },
    {mutants: [writesLater]},
  ),
  check(
    'backend/vbd',
    'XENBUS-NODE-04',
    async (stand) => {
      await stand.connect();
      const path = stand.backPath(stand.devid);
      for (const key of ['sectors', 'feature-flush-cache', 'state', 'max-ring-page-order', 'params']) {
        const refused = await stand.rig.run(() =>
          stand.guest.xs.write(`${path}/${key}`, '7').then(
            () => false,
            () => true,
          ),
        );
        stand.must(refused, `the guest can write ${key}`, "the backend's nodes are not the guest's to write");
      }
    },
    {
      mutants: [
        alsoSends(
          'lets everybody write what it publishes',
          (type, path) => type === XS.WRITE && path.endsWith('/sectors'),
          (path) => ({type: XS.SET_PERMS, payload: `${path}\0b0\0`}),
        ),
      ],
    },
  ),
];
