import {check, type Check} from '../../check.ts';
import {
  alsoSends,
  backState,
  frontState,
  neverWrites,
  publishesLate,
  readsInstead,
  skipsState,
  writesInstead,
  writesOutside,
  writesTwice,
} from '../../mutants/store.ts';
import {mustNotRepeat, mustPrecede, mustWriteStates} from './states.ts';
import {XS} from '../../../../hypervisor/xenstore/index.ts';

const transportKeys = ['ring-ref', 'ring-ref0', 'event-channel', 'protocol', 'ring-page-order', 'num-ring-pages'];
const propertyKeys = ['sectors', 'sector-size', 'info'];
/** What a frontend goes by when it makes its rings. */
const offerKeys = ['multi-queue-max-queues', 'max-ring-page-order', 'max-ring-pages'];

export const handshakeChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'XENBUS-SM-01',
    async (stand) => {
      await stand.connect();
      await stand.disconnect();
      mustWriteStates(stand, stand.backPath(stand.devid));
    },
    {mutants: [writesInstead('pads states', backState, (value) => `0${value}`)]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-SM-01',
    async (stand) => {
      await stand.connect();
      await stand.setState(6);
      await stand.arrives(6);
      mustWriteStates(stand, stand.frontPath(stand.devid));
    },
    {mutants: [writesInstead('pads states', frontState, (value) => `0${value}`)]},
  ),
  check(
    'backend/vbd',
    'XENBUS-SM-03',
    async (stand) => {
      await stand.connect();
      mustPrecede(stand, stand.backPath(stand.devid), offerKeys, 2);
    },
    {
      mutants: [
        publishesLate('multi-queue-max-queues', backState, 2),
        publishesLate('max-ring-page-order', backState, 2),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'XENBUS-SM-04',
    async (stand) => {
      await stand.attach();
      await stand.settle();
      await stand.setState(2);
      await stand.meet();
      const {store} = stand;
      const path = stand.frontPath(stand.devid);
      const waited = store.indexOf(({path: mark}) => mark === 'peer in state 2');
      const early = store.indexOf(
        ({kind, path: read}) => kind === 'read' && /\/backend\/.*\/(feature-|max-ring|multi-queue)/.test(read),
      );
      stand.must(
        early < 0 || early > waited,
        () => `${store.actions[early].path} is read before`,
        'features are read once the backend is in InitWait',
      );
      mustPrecede(stand, path, transportKeys, 3);
      const parts = store.writes.filter(({path: written}) => transportKeys.some((key) => written === `${path}/${key}`));
      const transactions = new Set(parts.map(({txId}) => txId));
      stand.must(
        transactions.size === 1 && !transactions.has(0),
        () => parts.map(({path: each, txId}) => `${each.split('/').at(-1)} in ${txId}`).join(', '),
        'ring and port are published in one transaction',
      );
    },
    {
      mutants: [
        publishesLate('event-channel', frontState, 3),
        writesOutside('ring-ref'),
        alsoSends(
          'reads features before the backend offers them',
          (type, path) => type === XS.WATCH && path.endsWith('/state'),
          (path) => ({type: XS.READ, payload: `${path.replace(/state$/, 'max-ring-page-order')}\0`}),
        ),
      ],
    },
  ),
  ...[3, 4].map((state) =>
    check(
      'backend/vbd',
      'XENBUS-SM-05',
      async (stand) => {
        await stand.attach();
        await stand.arrives(2);
        await stand.announce({state: String(state)});
        stand.must(await stand.reaches(4), `the backend is in state ${await stand.state}`, 'it connects');
        mustPrecede(stand, stand.backPath(stand.devid), propertyKeys, 4);
        for (const key of propertyKeys)
          stand.must(
            (await stand.read(`${stand.backPath(stand.devid)}/${key}`)) !== undefined,
            `no ${key}`,
            'properties of the disk',
          );
        stand.must(await stand.serves(), 'a read is not answered', 'ring and port are in use');
      },
      {
        variant: `at ${state}`,
        mutants: [
          publishesLate('sectors', backState, 4),
          readsInstead(`does not react to ${state}`, frontState, (value) => (value === String(state) ? '2' : value)),
        ],
      },
    ),
  ),
  check(
    'frontend/vbd',
    'XENBUS-SM-06',
    async (stand) => {
      await stand.attach();
      await stand.setState(2);
      await stand.meet();
      await stand.settle();
      stand.must((await stand.state) !== 4, 'the frontend is Connected', 'it waits for the backend to be Connected');
      await stand.publish({sectors: '1024'});
      await stand.setState(4);
      stand.must(await stand.reaches(4), `the frontend is in state ${await stand.state}`, 'it goes to Connected');
      const sizeBytes = await stand.diskBytes;
      stand.must(sizeBytes === 1024 * 512, `the disk has ${sizeBytes} bytes`, 'what the backend published');
    },
    {
      mutants: [
        writesInstead('is Connected when its ring is', frontState, (value) => (value === '3' ? '4' : value)),
        skipsState(frontState, 4),
        readsInstead('has read the size before', 'sectors', () => '2048'),
      ],
    },
  ),
  check(
    'backend/vbd',
    'XENBUS-SM-07',
    async (stand) => {
      await stand.attach({early: 3});
      stand.must(await stand.reaches(4), `the backend is in state ${await stand.state}`, 'it connects');
      stand.must(await stand.serves(), 'a read is not answered', 'a ring of one page is served');
    },
    {
      mutants: [
        readsInstead('does not see that the frontend was here before', frontState, (value, nth) =>
          nth === 0 ? '1' : value,
        ),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'XENBUS-SM-08',
    async (stand) => {
      await stand.attach();
      await stand.setState(3);
      stand.must(await stand.reaches(3, 4), `the frontend is in state ${await stand.state}`, 'it publishes its ring');
      await stand.join();
      stand.must(await stand.reads(), 'a read failed', 'a read is done');
    },
    {mutants: [readsInstead('waits for InitWait', backState, (value) => (value === '3' ? '1' : value))]},
  ),
  check(
    'backend/vbd',
    'XENBUS-SM-09',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      const thrice = async (state: number): Promise<void> => {
        for (let i = 0; i < 3; i++) await stand.setState(state);
        await stand.settle();
      };
      await thrice(1);
      await stand.announce();
      await thrice(3);
      await thrice(4);
      stand.must((await stand.state) === 4, `the backend is in state ${await stand.state}`, 'it stays Connected');
      stand.must(await stand.serves(), 'a read is not answered', 'service goes on');
      mustNotRepeat(stand, stand.backPath(stand.devid));
    },
    {
      mutants: [
        readsInstead('takes a repeated state for the end', frontState, (value, nth) =>
          value === '4' && nth > 4 ? '6' : value,
        ),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'XENBUS-SM-09',
    async (stand) => {
      await stand.connect();
      for (let i = 0; i < 3; i++) await stand.setState(4);
      await stand.settle();
      stand.must((await stand.state) === 4, `the frontend is in state ${await stand.state}`, 'it stays Connected');
      stand.must(await stand.reads(), 'a read failed', 'service goes on');
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
    'backend/vbd',
    'XENBUS-SM-20',
    async (stand) => {
      await stand.connect();
      await stand.disconnect();
      mustNotRepeat(stand, stand.backPath(stand.devid));
    },
    {mutants: [writesTwice(backState)]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-SM-20',
    async (stand) => {
      await stand.connect();
      await stand.setState(6);
      await stand.arrives(6);
      mustNotRepeat(stand, stand.frontPath(stand.devid));
    },
    {mutants: [writesTwice(frontState)]},
  ),
  check(
    'backend/vbd',
    'XENBUS-NODE-05',
    async (stand) => {
      await stand.attach({hotplug: false});
      await stand.settle();
      await stand.announce();
      await stand.settle(5e9);
      stand.must((await stand.state) !== 4, 'the backend is Connected', 'it waits for the block script');
      await stand.plug();
      stand.must(await stand.reaches(4), `the backend is in state ${await stand.state}`, 'it connects then');
    },
    {mutants: [readsInstead('does not wait for the block script', 'physical-device', () => '7:0')]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-NODE-09',
    async (stand) => {
      await stand.connect();
      const protocol = await stand.read(`${stand.frontPath(stand.devid)}/protocol`);
      stand.must(
        ['x86_32-abi', 'x86_64-abi', 'arm-abi'].includes(protocol ?? ''),
        `protocol "${protocol}"`,
        'x86_32-abi, x86_64-abi or arm-abi',
      );
    },
    {mutants: [neverWrites('protocol'), writesInstead('names it otherwise', 'protocol', () => 'x86_64')]},
  ),
];
