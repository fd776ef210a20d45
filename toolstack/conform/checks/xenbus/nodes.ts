import {check, type Check} from '../../check.ts';
import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {
  alsoSends,
  backState,
  connectsAnyway,
  frontState,
  neverWrites,
  readsInstead,
  skipsState,
  takesForOne,
  writesElsewhere,
  writesInstead,
} from '../../mutants/store.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';
import {mustRefuse} from './released.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';

type NodeValue = readonly [key: string, value: string];

/** No numbers, or none that can be; a driver may take the default for them or refuse. */
const garbledFront: readonly NodeValue[] = [
  ['ring-ref', 'abc'],
  ['ring-ref', ''],
  ['event-channel', '-1'],
  ['event-channel', '0x10'],
  ['ring-page-order', '1.5'],
  ['num-ring-pages', 'one'],
  ['multi-queue-num-queues', '99999999999999999999'],
  ['feature-persistent', 'yes'],
];

const garbledBack: readonly NodeValue[] = [
  ['sectors', 'abc'],
  ['sectors', '-1'],
  ['sectors', '99999999999999999999999'],
  ['sector-size', ''],
  ['info', 'cdrom'],
  ['feature-flush-cache', 'yes'],
  ['feature-max-indirect-segments', '1e9'],
  ['discard-granularity', '0x200'],
];

/** Numbers that a backend must not take at their word. */
const untrusted: readonly NodeValue[] = [
  ['multi-queue-num-queues', '0'],
  ['multi-queue-num-queues', '4294967295'],
  ['ring-page-order', '5'],
  ['ring-page-order', '31'],
  ['ring-page-order', '4294967295'],
  ['ring-ref', '4294967295'],
  ['ring-ref', '511'],
  ['event-channel', '4294967295'],
  ['event-channel', '1000'],
];

/** The same of a frontend: what is announced before it makes its rings, and what the disk is said to be. */
const untrustedOffers: readonly NodeValue[] = [
  ['max-ring-page-order', '4294967295'],
  ['max-ring-pages', '4294967295'],
  ['multi-queue-max-queues', '4294967295'],
];

const untrustedProperties: readonly NodeValue[] = [
  ['sector-size', '0'],
  ['sector-size', '3'],
  ['sector-size', '2147483648'],
  ['feature-max-indirect-segments', '4294967295'],
  ['physical-sector-size', '1'],
  ['discard-granularity', '1'],
];

const mustServeOrRefuse = async (stand: VbdBackendStand): Promise<void> => {
  const due = 'the value is refused, or the default taken';
  stand.must(await stand.reaches(4, 5, 6), `the backend is in state ${await stand.state}`, due);
  if ((await stand.state) === 4) stand.must(await stand.serves(), 'Connected, but a read is not answered', due);
};

const mustWorkOrRefuse = async (stand: VbdFrontendStand): Promise<void> => {
  const due = 'the value is refused, or the default taken';
  stand.must(stand.guestLives, 'the guest has crashed', due);
  stand.must(await stand.reaches(4, 5, 6), `the frontend is in state ${await stand.state}`, due);
  if ((await stand.state) !== 4) return;
  stand.must(stand.hasDisk && (await stand.reads()), 'Connected, but a read fails', due);
};

const protocols = ['pdp11-abi', '', 'x86_64', 'x86_64-abi2'] as const;

export const nodeChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'XENBUS-NODE-01',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      await stand.announce(Object.fromEntries([garbledFront[stand.choose(garbledFront.length)]]));
      await mustServeOrRefuse(stand);
    },
    {orders: garbledFront.length, mutants: [connectsAnyway(backState), skipsState(backState, 5)]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-NODE-01',
    async (stand) => {
      await stand.attach();
      await stand.setState(2);
      await stand.meet();
      await stand.publish(Object.fromEntries([garbledBack[stand.choose(garbledBack.length)]]));
      await stand.setState(4);
      await mustWorkOrRefuse(stand);
    },
    {
      orders: garbledBack.length,
      mutants: [
        connectsAnyway(frontState),
        writesInstead('says nothing', frontState, (value) => (Number(value) > 3 ? undefined : value)),
      ],
    },
  ),
  check(
    'backend/vbd',
    'XENBUS-NODE-02',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      await stand.announce(Object.fromEntries([untrusted[stand.choose(untrusted.length)]]));
      await mustRefuse(stand);
    },
    {
      orders: untrusted.length,
      mutants: [
        connectsAnyway(backState),
        takesForOne('multi-queue-num-queues'),
        readsInstead('takes any ring-page-order for 0', 'ring-page-order', (value) =>
          value === undefined ? value : '0',
        ),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'XENBUS-NODE-03',
    async (stand) => {
      const all = [...untrustedOffers, ...untrustedProperties];
      const nodes = Object.fromEntries([all[stand.choose(all.length)]]);
      const isOffer = untrustedOffers.some(([key]) => key in nodes);
      await stand.attach({}, isOffer ? nodes : {});
      await stand.setState(2);
      const due = 'a driver has limits of its own';
      stand.must(await stand.reaches(3, 5, 6), `the frontend is in state ${await stand.state}`, due);
      stand.must(stand.guestLives, 'the guest has crashed', due);
      if ((await stand.state) !== 3) return;
      const path = stand.frontPath(stand.devid);
      const order = Number((await stand.read(`${path}/ring-page-order`)) ?? 0);
      const queues = Number((await stand.read(`${path}/multi-queue-num-queues`)) ?? 1);
      stand.must(order <= 8 && queues <= 64, `ring-page-order ${order}, multi-queue-num-queues ${queues}`, due);
      if (isOffer) return;
      await stand.meet();
      await stand.publish(nodes);
      await stand.setState(4);
      await mustWorkOrRefuse(stand);
    },
    {
      orders: untrustedOffers.length + untrustedProperties.length,
      mutants: [
        connectsAnyway(frontState),
        alsoSends(
          'takes as many queues as are offered',
          (type, path) => type === XS.WRITE && path.endsWith('/ring-ref'),
          (path) => ({type: XS.WRITE, payload: `${path.replace('ring-ref', 'multi-queue-num-queues')}\x004294967295`}),
        ),
      ],
    },
  ),
  check(
    'backend/vbd',
    'XENBUS-NODE-06',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      await stand.announce({'ring-ref': '511'});
      stand.must(await stand.reaches(5, 6), `the backend is in state ${await stand.state}`, 'it refuses to connect');
      const error = await stand.error;
      stand.must(error !== undefined, 'no error node', 'the reason in the error directory');
      stand.must(/^-?\d+ \S/.test(error ?? ''), `error "${error}"`, 'a number and words');
    },
    {
      mutants: [
        neverWrites('error'),
        writesInstead('writes words alone', 'error', (value) => value.replace(/^\S+ /, '')),
      ],
    },
  ),
  check(
    'backend/vbd',
    'XENBUS-NODE-08',
    async (stand) => {
      await stand.connect();
      await stand.disconnect();
      const own = stand.backPath(stand.devid);
      const errors = own.replace('/backend/', '/error/backend/');
      const stray = stand.store.writes.find(({path}) => !path.startsWith(`${own}/`) && !path.startsWith(`${errors}/`));
      stand.must(stray === undefined, () => `${stray?.path} is written`, `a device is at ${own}`);
      stand.must((await stand.read(`${own}/sectors`)) !== undefined, 'no sectors', `a device is at ${own}`);
    },
    {mutants: [writesElsewhere('sectors', 'backend/vbd/sectors')]},
  ),
  check(
    'frontend/vbd',
    'XENBUS-NODE-08',
    async (stand) => {
      await stand.connect();
      const own = stand.frontPath(stand.devid);
      const errors = own.replace('/device/', '/error/device/');
      const stray = stand.store.writes.find(({path}) => !path.startsWith(`${own}/`) && !path.startsWith(`${errors}/`));
      stand.must(stray === undefined, () => `${stray?.path} is written`, `a device is at ${own}`);
    },
    {mutants: [writesElsewhere('protocol', 'data/protocol')]},
  ),
  ...(['x86_64', 'x86_32'] as const).map((abi) =>
    check(
      'backend/vbd',
      'XENBUS-NODE-09',
      async (stand) => {
        await stand.connect({abi});
        stand.must(await stand.serves(), 'a read is not answered', `requests are laid out as ${abi}-abi says`);
      },
      {
        variant: abi,
        mutants: [
          readsInstead('does not look at protocol', 'protocol', () => (abi === 'x86_32' ? undefined : 'x86_32-abi')),
        ],
      },
    ),
  ),
  check(
    'backend/vbd',
    'XENBUS-NODE-09',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      await stand.announce({protocol: protocols[stand.choose(protocols.length)]});
      await mustRefuse(stand);
    },
    {
      variant: 'unknown',
      orders: protocols.length,
      mutants: [readsInstead('does not look at protocol', 'protocol', () => undefined)],
    },
  ),
];
