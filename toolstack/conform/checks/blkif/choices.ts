import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {alsoSends, neverWrites, readsInstead, writesElsewhere} from '../../mutants/store.ts';
import {BLK_OP} from '../../peers/block-frontend.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';

const PAGE_BYTES = 4096;

const frontNode = (stand: VbdFrontendStand, key: string): Promise<string | undefined> =>
  stand.read(`${stand.frontPath(stand.devid)}/${key}`);

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

export const choiceChecks: readonly Check[] = [
  check(
    'frontend/vbd',
    'BLKIF-NEG-02',
    async (stand) => {
      await stand.connect({'feature-flush-cache': '1', 'feature-max-indirect-segments': '32', sectors: '4096'});
      const sizeBytes = await stand.diskBytes;
      stand.must(sizeBytes === 4096 * 512, `the disk has ${sizeBytes} bytes`, '4096 sectors');
      stand.must(await stand.diskFlushes, 'the disk cannot flush', 'features that come late count');
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
      const seen = await stand.diskName;
      stand.must(seen === name, `${number} is ${seen}`, name);
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
];
