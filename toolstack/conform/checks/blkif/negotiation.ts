import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {misreadsWord, SLOT} from '../../mutants/blkif.ts';
import {keepsMappings} from '../../mutants/leaks.ts';
import {
  alsoSends,
  backState,
  closesOn,
  connectsAnyway,
  neverWrites,
  readsInstead,
  takesForOne,
  writesElsewhere,
  writesInstead,
} from '../../mutants/store.ts';
import {BLK_OP, type BlockFrontendPeer, type BlockRequest} from '../../peers/block-frontend.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';
import {mustRefuse} from '../xenbus/refusal.ts';
import {indirect, mustAnswer, OKAY, read} from './answers.ts';

const NOT_SUPPORTED = -2;
const PAGE_BYTES = 4096;
const INFO = {cdrom: 1, removable: 2, readonly: 4} as const;

type Nodes = Readonly<Record<string, string>>;

const backNode = async (stand: VbdBackendStand, key: string): Promise<number | undefined> => {
  const text = await stand.read(`${stand.backPath(stand.devid)}/${key}`);
  return text === undefined ? undefined : Number(text);
};

const frontNode = (stand: VbdFrontendStand, key: string): Promise<string | undefined> =>
  stand.read(`${stand.frontPath(stand.devid)}/${key}`);

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

/** virtual-device and what Linux calls it. @see xen-vbd-interface(7) */
const virtualDevices = [
  [202 << 8, 'xvda'],
  [(202 << 8) + 1, 'xvda1'],
  [(202 << 8) + 16, 'xvdb'],
  [(202 << 8) + 255, 'xvdp15'],
  [3 << 8, 'xvda'],
  [(3 << 8) + 65, 'xvdb1'],
  [22 << 8, 'xvdc'],
  [8 << 8, 'xvda'],
  [(8 << 8) + 17, 'xvdb1'],
  [(1 << 28) + (16 << 8), 'xvdq'],
  [(1 << 28) + (26 << 8) + 3, 'xvdaa3'],
] as const;

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

export const negotiationChecks: readonly Check[] = [
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
    'frontend/vbd',
    'BLKIF-NEG-02',
    async (stand) => {
      await stand.connect({'feature-flush-cache': '1', 'feature-max-indirect-segments': '32', sectors: '4096'});
      stand.must(stand.disk.sizeBytes === 4096 * 512, `the disk has ${stand.disk.sizeBytes} bytes`, '4096 sectors');
      stand.must(stand.disk.canFlush, 'the disk cannot flush', 'features that come late count');
    },
    {
      mutants: [
        readsInstead('has read features before', 'feature-flush-cache', () => undefined),
        readsInstead('has read the size before', 'sectors', () => '2048'),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'BLKIF-NEG-03',
    async (stand) => {
      const peer = await stand.connect({'feature-flush-cache': '0'});
      const {disk} = stand;
      void Promise.allSettled([disk.flush(), disk.discard(0, PAGE_BYTES), disk.read(0, 20 * PAGE_BYTES)]);
      for (let i = 0; i < 4; i++) {
        await stand.settle();
        for (const request of peer.take()) {
          stand.must(
            request.operation <= BLK_OP.write,
            `operation ${request.operation}`,
            'reads and writes alone: nothing else is offered',
          );
          peer.serve(request, 0);
        }
        peer.push();
      }
    },
    {
      mutants: ['feature-flush-cache', 'feature-barrier', 'feature-discard']
        .map((node) => readsInstead(`takes ${node} for granted`, node, () => '1'))
        .concat(readsInstead('takes indirect requests for granted', 'feature-max-indirect-segments', () => '32')),
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
    'frontend/vbd',
    'BLKIF-NEG-05',
    async (stand) => {
      const max = stand.choose(5);
      await stand.connect({}, {front: {tuning: 'order=4'}, offers: {'max-ring-page-order': String(max)}});
      const order = Number((await frontNode(stand, 'ring-page-order')) ?? 0);
      stand.must(order <= max, `ring-page-order ${order}`, `at most ${max}`);
      const [only, first, last, beyond] = await Promise.all(
        ['ring-ref', 'ring-ref0', `ring-ref${2 ** order - 1}`, `ring-ref${2 ** order}`].map((key) =>
          frontNode(stand, key),
        ),
      );
      const due = order === 0 ? 'ring-ref alone' : `ring-ref0..ring-ref${2 ** order - 1} and no ring-ref`;
      const isRight =
        order === 0 ? only !== undefined && first === undefined : only === undefined && last !== undefined;
      stand.must(
        isRight && beyond === undefined,
        `ring-ref ${only}, ring-ref0 ${first}, the last ${last}, one more ${beyond}`,
        due,
      );
      stand.must(await stand.reads(), 'a read failed', 'a read is done');
    },
    {
      orders: 5,
      mutants: [
        readsInstead('does not look at max-ring-page-order', 'max-ring-page-order', () => '4'),
        alsoSends(
          'writes ring-ref, too',
          (type, path) => type === XS.WRITE && path.endsWith('/ring-ref0'),
          (path) => ({type: XS.WRITE, payload: `${path.slice(0, -1)}\x008`}),
        ),
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
    'frontend/vbd',
    'BLKIF-NEG-06',
    async (stand) => {
      await stand.connect(
        {},
        {front: {tuning: 'order=2'}, offers: {'max-ring-page-order': '2', 'max-ring-pages': '4'}},
      );
      const order = Number((await frontNode(stand, 'ring-page-order')) ?? 0);
      const pages = Number((await frontNode(stand, 'num-ring-pages')) ?? 1);
      stand.must(pages === 2 ** order, `ring-page-order ${order}, num-ring-pages ${pages}`, 'both say the same');
    },
    {mutants: [neverWrites('num-ring-pages')]},
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
    'frontend/vbd',
    'BLKIF-NEG-09',
    async (stand) => {
      const max = [1, 2, 4][stand.choose(3)];
      await stand.attach({tuning: 'queues=4'}, {'multi-queue-max-queues': String(max)});
      await stand.setState(2);
      await stand.arrives(3);
      const queues = Number((await frontNode(stand, 'multi-queue-num-queues')) ?? 1);
      stand.must(queues >= 1 && queues <= max, `${queues} queues`, `1..${max}`);
      for (let i = 0; i < 4; i++) {
        const keys = [
          await frontNode(stand, `queue-${i}/ring-ref`),
          await frontNode(stand, `queue-${i}/event-channel`),
        ];
        const isDue = queues > 1 && i < queues;
        stand.must(
          keys.every((value) => (value !== undefined) === isDue),
          `queue-${i} has ${keys.join(' and ')}`,
          isDue ? 'ring-ref and event-channel' : 'nothing',
        );
      }
      const top = [await frontNode(stand, 'ring-ref'), await frontNode(stand, 'event-channel')];
      stand.must(
        top.every((value) => (value !== undefined) === (queues === 1)),
        `ring-ref ${top.join(' and event-channel ')} at the top`,
        queues === 1 ? 'one queue has its keys there' : 'none there',
      );
    },
    {
      orders: 3,
      mutants: [
        readsInstead('does not look at multi-queue-max-queues', 'multi-queue-max-queues', () => '4'),
        neverWrites('queue-1/event-channel'),
        writesElsewhere('queue-0/ring-ref', 'device/vbd/51712/ring-ref'),
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
    'frontend/vbd',
    'BLKIF-NEG-12',
    async (stand) => {
      const peer = await stand.connect({}, {front: {trusted: '0'}});
      for (const [length, value] of [
        [PAGE_BYTES, 0x77],
        [512, 0x11],
      ]) {
        const done = stand.disk.write(0, new Uint8Array(length).fill(value));
        await stand.settle();
        const [request] = peer.take();
        const bytes = peer.bytesOf(request.segments[0].gref) ?? new Uint8Array(0);
        const at = bytes.findIndex((byte, i) => byte !== (i < length ? value : 0));
        stand.must(at < 0, () => `byte ${at} of the page is ${bytes[at]}`, 'what is not written is 0');
        peer.serve(request, 0);
        peer.push();
        await stand.within(done, 'the write ends');
      }
    },
    {mutants: [readsInstead('does not look at trusted', 'trusted', () => '1')]},
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
    'frontend/vbd',
    'BLKIF-NEG-15',
    async (stand) => {
      const peer = await stand.connect({'feature-discard': '1', 'sector-size': '4096'});
      void stand.disk.discard(4096, 12288).catch(() => undefined);
      await stand.settle();
      const [request] = peer.take();
      if (request === undefined) stand.inconclusive('the driver does not discard');
      const seen = [request.operation, request.sector, request.discardSectors].join();
      stand.must(seen === '5,8,24', `operation, sector and number ${seen}`, '5,8,24: the granularity is a sector');
    },
    {mutants: [readsInstead('discards larger pieces by default', 'discard-granularity', (value) => value ?? '8192')]},
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
    'frontend/vbd',
    'BLKIF-NEG-17',
    async (stand) => {
      await stand.connect({'sector-size': '4096'});
      const seen = await frontNode(stand, 'feature-large-sector-size');
      stand.must(seen === undefined, `feature-large-sector-size ${seen}`, 'no such node');
    },
    {
      mutants: [
        alsoSends(
          'publishes it',
          (type, path) => type === XS.WRITE && path.endsWith('/protocol'),
          (path) => ({type: XS.WRITE, payload: `${path.replace('protocol', 'feature-large-sector-size')}\x001`}),
        ),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'BLKIF-NEG-18',
    async (stand) => {
      const [number, name] = virtualDevices[stand.choose(virtualDevices.length)];
      await stand.connect({}, {front: {'virtual-device': String(number)}});
      stand.must(stand.disk.name === name, `${number} is ${stand.disk.name}`, name);
    },
    {
      orders: virtualDevices.length,
      mutants: [
        readsInstead('knows 16 minors a disk alone', 'virtual-device', (value) =>
          String((202 << 8) + (Number(value) & 0xff)),
        ),
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
