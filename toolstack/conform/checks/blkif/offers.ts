import {check, type Check} from '../../check.ts';
import {misreadsWord, SLOT} from '../../mutants/blkif.ts';
import {keepsMappings} from '../../mutants/leaks.ts';
import {
  backState,
  closesOn,
  connectsAnyway,
  neverWrites,
  readsInstead,
  takesForOne,
  writesInstead,
} from '../../mutants/store.ts';
import {BLK_OP, type BlockFrontendPeer, type BlockRequest} from '../../peers/block-frontend.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';
import {mustRefuse} from '../xenbus/released.ts';
import {indirect, mustAnswer, OKAY, read} from './answers.ts';

const NOT_SUPPORTED = -2;
const INFO = {cdrom: 1, removable: 2, readonly: 4} as const;

type Nodes = Readonly<Record<string, string>>;

const backNode = async (stand: VbdBackendStand, key: string): Promise<number | undefined> => {
  const text = await stand.read(`${stand.backPath(stand.devid)}/${key}`);
  return text === undefined ? undefined : Number(text);
};

/** Operations that have to be offered, and the node that does. */
const optional = (stand: VbdBackendStand, gref: number): Record<string, BlockRequest> => ({
  'feature-flush-cache': {operation: BLK_OP.flush},
  'feature-barrier': {operation: BLK_OP.barrier},
  'feature-discard': {operation: BLK_OP.discard, discardSectors: 8n},
  'feature-max-indirect-segments': indirect(stand, BLK_OP.read, 0, [{gref}]),
});

/** Ring announcements of one page that a backend should take. */
const singlePages = (peer: BlockFrontendPeer): readonly Nodes[] => {
  const ref = String(peer.ringRefs[0]);
  return [{'ring-ref': ref}, {'ring-page-order': '0', 'ring-ref': ref}, {'ring-page-order': '0', 'ring-ref0': ref}];
};

/** Rings of several pages that cannot be. */
const impossibleRings: readonly Nodes[] = [
  {'ring-page-order': '5'},
  {'ring-page-order': '1', 'ring-ref0': '8'},
  {'num-ring-pages': '3'},
  {'num-ring-pages': '64'},
];

/** Two rings of one frontend, announced as queues. */
const twoQueues = (stand: VbdBackendStand): Record<string, string> => {
  const peers = [stand.newPeer(), stand.newPeer()];
  const entries = peers.flatMap(({ringNodes}, i) =>
    Object.entries(ringNodes).map(([key, value]) => [`queue-${i}/${key}`, value] as const),
  );
  return {'multi-queue-num-queues': '2', ...Object.fromEntries(entries)};
};

/** Announces nodes and nothing else. */
const announceOnly = async (stand: VbdBackendStand, nodes: Nodes): Promise<void> => {
  for (const [key, value] of Object.entries(nodes)) await stand.write(`${stand.frontPath(stand.devid)}/${key}`, value);
  await stand.setState(3);
};

export const offerChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'BLKIF-NEG-01',
    async (stand) => {
      const peer = await stand.connect();
      for (const [key, request] of Object.entries(optional(stand, peer.page().gref))) {
        const isOffered = ((await backNode(stand, key)) ?? 0) > 0;
        const isKnown = (await stand.request(request))?.status !== NOT_SUPPORTED;
        stand.must(
          isOffered === isKnown,
          `${key} is ${isOffered ? '' : 'not '}offered, the operation is ${isKnown ? '' : 'not '}known`,
          'what is supported is offered',
        );
      }
    },
    {
      mutants: ['feature-flush-cache', 'feature-barrier', 'feature-discard', 'feature-max-indirect-segments'].map(
        neverWrites,
      ),
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-NEG-04',
    async (stand) => {
      const peer = await stand.connect();
      const {gref} = peer.page();
      const offered = await backNode(stand, 'feature-max-indirect-segments');
      const response = await stand.request(indirect(stand, BLK_OP.read, 0, [{gref}]));
      stand.must(
        offered === undefined || (offered > 0 && response?.status === 0),
        `${offered} segments are offered, status ${response?.status}`,
        'the node is there when the operation is understood',
      );
    },
    {
      mutants: [
        misreadsWord('does not know indirect requests', SLOT.head, (word) => ((word & 0xff) === 6 ? 0xff : word)),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-NEG-06',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      const order = (await backNode(stand, 'max-ring-page-order')) ?? 0;
      const pages = (await backNode(stand, 'max-ring-pages')) ?? 1;
      stand.must(pages === 2 ** order, `max-ring-page-order ${order}, max-ring-pages ${pages}`, 'both say the same');
    },
    {
      mutants: [
        neverWrites('max-ring-pages'),
        writesInstead('counts pages from 0', 'max-ring-pages', (value) => String(Number(value) - 1)),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-NEG-07',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      const {ringNodes, nodes} = stand.peer;
      const wrong = impossibleRings[stand.choose(impossibleRings.length)];
      const {'ring-ref': _dropped, ...rest} = nodes;
      await announceOnly(stand, 'ring-ref0' in wrong ? {...rest, ...wrong} : {...nodes, ...ringNodes, ...wrong});
      await mustRefuse(stand);
    },
    {
      orders: impossibleRings.length,
      mutants: [
        connectsAnyway(backState),
        readsInstead('does not look at num-ring-pages', 'num-ring-pages', () => undefined),
        readsInstead('does not look at ring-page-order', 'ring-page-order', () => undefined),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-NEG-08',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      const {peer} = stand;
      const nodes = singlePages(peer)[stand.choose(3)];
      await announceOnly(stand, {...nodes, 'event-channel': String(peer.port), protocol: 'x86_64-abi'});
      stand.must(await stand.reaches(4), `the backend is in state ${await stand.state}`, 'it connects');
      stand.must(await stand.serves(), 'a read is not answered', 'it is');
    },
    {
      orders: 3,
      mutants: [
        readsInstead('does not look at ring-ref0', 'ring-ref0', () => undefined),
        readsInstead('wants a ring-page-order', 'ring-page-order', (value) => value ?? '1'),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-NEG-10',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      const max = (await backNode(stand, 'multi-queue-max-queues')) ?? 1;
      const wrong = [0, max + 1, 2 ** 32][stand.choose(3)];
      await stand.announce({'multi-queue-num-queues': String(wrong)});
      await mustRefuse(stand);
    },
    {orders: 3, mutants: [connectsAnyway(backState), takesForOne('multi-queue-num-queues')]},
  ),
  check(
    'backend/vbd',
    'BLKIF-NEG-11',
    async (stand) => {
      await stand.attach({back: {tuning: 'queues=2'}});
      await stand.arrives(2);
      if (((await backNode(stand, 'multi-queue-max-queues')) ?? 1) < 2) stand.inconclusive('the backend has one queue');
      const wrong = ['queue-1/ring-ref', 'queue-1/event-channel', 'queue-0/ring-ref', undefined][stand.choose(4)];
      const nodes = Object.entries(twoQueues(stand)).filter(([key]) => key !== wrong);
      // Where nothing is missing, the second ring cannot be mapped.
      await announceOnly(stand, {
        ...Object.fromEntries(nodes),
        ...(wrong === undefined && {'queue-1/ring-ref': '511'}),
      });
      await mustRefuse(stand);
    },
    {orders: 4, mutants: [connectsAnyway(backState), keepsMappings]},
  ),
  check(
    'backend/vbd',
    'BLKIF-NEG-14',
    async (stand) => {
      await stand.connect({target: 'scripted', back: {tuning: stand.choose(2) === 0 ? '' : 'sector=4096'}});
      const sectors = (await backNode(stand, 'sectors')) ?? 0;
      const size = (await backNode(stand, 'sector-size')) ?? 512;
      const physical = (await backNode(stand, 'physical-sector-size')) ?? size;
      stand.must(sectors === 2048, `sectors ${sectors}`, '2048 units of 512 bytes, whatever the sector-size');
      stand.must(size >= 512 && Number.isInteger(Math.log2(size)), `sector-size ${size}`, 'a power of two from 512 on');
      stand.must(physical % size === 0, `physical-sector-size ${physical}`, `a multiple of ${size}`);
    },
    {
      orders: 2,
      mutants: [
        writesInstead('counts sectors of its own size', 'sectors', () => '256'),
        writesInstead('has odd sectors', 'sector-size', () => '520'),
        writesInstead('has odd physical sectors', 'physical-sector-size', (value) => String(Number(value) + 512 / 2)),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-NEG-16',
    async (stand) => {
      const [setup, due] = (
        [
          [{}, 0],
          [{mode: 'r'}, INFO.readonly],
          [{back: {removable: '1'}}, INFO.removable],
          [{back: {'device-type': 'cdrom'}}, INFO.cdrom],
          [{mode: 'r', back: {'device-type': 'cdrom', removable: '1'}}, 7],
        ] as const
      )[stand.choose(5)];
      await stand.connect(setup);
      const info = (await backNode(stand, 'info')) ?? 0;
      stand.must((info & due) === due, `info ${info}`, `bits of ${due}`);
      stand.must(due !== 0 || info === 0, `info ${info}`, '0 of a plain disk');
    },
    {
      orders: 5,
      mutants: [
        writesInstead('says nothing', 'info', () => '0'),
        readsInstead('does not look at mode', 'mode', () => 'w'),
        readsInstead('does not look at removable', 'removable', () => '0'),
        readsInstead('does not look at device-type', 'device-type', () => 'disk'),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-NEG-19',
    async (stand) => {
      await stand.connect();
      await stand.write(`${stand.backPath(stand.devid)}/physical-device`, '8:1');
      await stand.settle();
      stand.must(
        (await stand.state) === 4,
        `the backend is in state ${await stand.state}`,
        'the change is not followed',
      );
      await mustAnswer(stand, [{what: 'a read', request: read(0, [{gref: stand.peer.page().gref}]), due: OKAY}]);
    },
    {mutants: [closesOn('physical-device')]},
  ),
];
