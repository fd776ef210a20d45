import {check, type Check} from '../../check.ts';
import {keepsGrants, keepsMappings} from '../../mutants/leaks.ts';
import {grantsNextFrame, repeatsGrant, rotatesGrants} from '../../mutants/persistent.ts';
import {readsInstead} from '../../mutants/store.ts';
import type {TakenRequest} from '../../peers/block-backend.ts';
import type {BlockFrontendPeer, GrantedPage} from '../../peers/block-frontend.ts';
import type {DiskSetup, VbdBackendStand} from '../../stand/vbd-backend.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';
import {mustAnswer, OKAY, read, write} from './answers.ts';

const PAGE_BYTES = 4096;
/** Pages that a backend keeps mapped, where it can be told. */
const LIMIT = 8;
const NS_PER_S = 1e9;

const both = {'feature-persistent': '1'} as const;

/** Connects with what each end says of persistent grants. */
const connectAs = async (
  stand: VbdBackendStand,
  front: Readonly<Record<string, string>>,
  setup: DiskSetup = {},
): Promise<BlockFrontendPeer> => {
  await stand.attach(setup);
  await stand.arrives(2);
  return stand.meet(front);
};

const isOffered = async (stand: VbdBackendStand): Promise<boolean> =>
  (await stand.read(`${stand.backPath(stand.devid)}/feature-persistent`)) === '1';

const readsInto = (stand: VbdBackendStand, pages: readonly GrantedPage[]): Promise<void> =>
  mustAnswer(
    stand,
    pages.map(({gref}) => ({what: `a read into ${gref}`, request: read(0, [{gref}]), due: OKAY})),
  );

/** A frontend that has agreed on persistent grants. */
const connectPersistent = async (stand: VbdFrontendStand): Promise<void> => {
  const peer = await stand.connect(both);
  peer.isPersistent = true;
  if ((await stand.read(`${stand.frontPath(stand.devid)}/feature-persistent`)) !== '1')
    stand.inconclusive('the driver does not offer persistent grants');
};

/** Writes a page and returns the request, answered. */
const writesPage = async (stand: VbdFrontendStand, value: number): Promise<TakenRequest> => {
  const done = stand.disk.write(0, new Uint8Array(PAGE_BYTES).fill(value));
  await stand.settle();
  const [request] = stand.peer.take();
  stand.peer.serve(request, 0);
  stand.peer.push();
  await stand.within(done, 'the write ends');
  return request;
};

export const persistentChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'BLKIF-PERS-01',
    async (stand) => {
      const [back, front] = [
        ['1', '0'],
        ['0', '1'],
        ['0', '0'],
        ['1', undefined],
      ][stand.choose(4)];
      const nodes = front === undefined ? {} : {'feature-persistent': front};
      const peer = await connectAs(stand, nodes as Record<string, string>, {back: {tuning: `persistent=${back}`}});
      if (front === '1' && (await isOffered(stand))) stand.inconclusive('the backend offers persistent grants anyway');
      const page = peer.page();
      await readsInto(stand, [page]);
      stand.must(peer.revoke(page), 'the page is mapped after the answer', 'persistent grants have to be agreed on');
    },
    {orders: 4, mutants: [readsInstead('does not ask the frontend', 'feature-persistent', () => '1'), keepsMappings]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-PERS-02',
    async (stand) => {
      await connectPersistent(stand);
      const used = new Set<number>();
      for (let i = 0; i < 3; i++) {
        const [{gref}] = (await writesPage(stand, i)).segments;
        used.add(gref);
        const handle = stand.peer.map(gref);
        stand.must(
          handle >= 0,
          `reference ${gref} cannot be mapped for writing`,
          'pages of writes are granted for both, and stay so',
        );
        stand.peer.unmap(handle);
      }
      stand.must(used.size === 1, `references ${[...used].join()}`, 'one is used again');
    },
    {mutants: [readsInstead('does not see that the backend agrees', 'feature-persistent', () => '0')]},
  ),
  check(
    'backend/vbd',
    'BLKIF-PERS-03',
    async (stand) => {
      const peer = await connectAs(stand, both, {back: {tuning: `grants=${LIMIT}`}});
      if (!(await isOffered(stand))) stand.inconclusive('the backend offers no persistent grants');
      const pages = Array.from({length: 3 * LIMIT}, () => peer.page());
      for (let round = 0; round < 2; round++) await readsInto(stand, pages);
      const kept = stand.mappings - 1;
      if (kept === pages.length) stand.inconclusive('no limit is in reach');
      stand.must(kept <= LIMIT, `${kept} pages are mapped`, `${LIMIT} at most`);
    },
    {seeds: 1, mutants: [keepsMappings]},
  ),
  check(
    'backend/vbd',
    'BLKIF-PERS-04',
    async (stand) => {
      const peer = await connectAs(stand, both);
      if (!(await isOffered(stand))) stand.inconclusive('the backend offers no persistent grants');
      await readsInto(stand, [peer.page(), peer.page(), peer.page()]);
      await stand.settle(200 * NS_PER_S);
      stand.must(
        stand.mappings === 1,
        () => `${stand.mappings - 1} pages are mapped`,
        'pages that are not used are given back',
      );
      await readsInto(stand, [peer.page()]);
    },
    {mutants: [keepsMappings]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-PERS-05',
    async (stand) => {
      await connectPersistent(stand);
      const {peer} = stand;
      const request = await writesPage(stand, 0x3c);
      const bytes = peer.bytesOf(request.segments[0].gref);
      stand.must(
        bytes?.every((byte) => byte === 0x3c) === true,
        'the page has other bytes',
        'what was written is in the granted page',
      );
      const reading = stand.disk.read(0, PAGE_BYTES);
      await stand.settle();
      const [asked] = peer.take();
      peer.serve(asked, 0x5a);
      peer.push();
      const got = await stand.within(reading, 'the read ends');
      // The page is still the backend's to write.
      peer.serve(asked, 0xff);
      stand.must(
        got.every((byte) => byte === 0x5a),
        'the bytes change after the read',
        'they were copied out of the page',
      );
    },
    {mutants: [grantsNextFrame]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-PERS-06',
    async (stand) => {
      await connectPersistent(stand);
      stand.ask(4);
      await stand.settle();
      await stand.serveAll();
      await stand.settle();
      const used: number[] = [];
      for (let i = 0; i < 3; i++) used.push((await writesPage(stand, i)).segments[0].gref);
      stand.must(new Set(used).size === 1, `references ${used.join()}`, 'the one that was given back last');
    },
    {mutants: [rotatesGrants]},
  ),
  check(
    'backend/vbd',
    'BLKIF-PERS-07',
    async (stand) => {
      const peer = await connectAs(stand, both);
      await readsInto(stand, [peer.page(), peer.page(), peer.page()]);
      if (stand.mappings === 1) stand.inconclusive('the backend keeps nothing mapped');
      let kept = -1;
      stand.store.onWrite = ({path, value}) => {
        if (path.endsWith('/state') && value === '6') kept = stand.mappings;
      };
      await stand.disconnect();
      stand.must(kept === 0, `${kept} pages are mapped`, 'none at Closed');
    },
    {mutants: [keepsMappings]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-PERS-08',
    async (stand) => {
      await connectPersistent(stand);
      const {peer} = stand;
      const [{gref: released}] = (await writesPage(stand, 1)).segments;
      stand.ask(2);
      await stand.settle();
      const [first, second] = peer.take();
      const kept = [first, second].map(({segments: [{gref}]}) => gref).find((gref) => gref !== released) ?? released;
      const handle = peer.map(kept);
      for (const request of [first, second]) peer.serve(request, 0);
      peer.push();
      await stand.settle();
      stand.must(await stand.reads(), 'a read failed', 'what the backend keeps mapped makes no difference');
      await stand.write(`${stand.backPath(stand.devid)}/online`, '0');
      await stand.setState(5);
      await stand.settle();
      peer.disconnect();
      await stand.setState(6);
      await stand.settle();
      stand.must(
        peer.bytesOf(kept) !== undefined,
        'a page that is mapped was taken back',
        'it stays granted while it is mapped',
      );
      peer.unmap(handle);
      await stand.settle(30 * NS_PER_S);
      for (const gref of [released, kept])
        stand.must(
          peer.bytesOf(gref) === undefined,
          `reference ${gref} is still granted`,
          'it is taken back when the backend has let go',
        );
    },
    {mutants: [keepsGrants]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-PERS-09',
    async (stand) => {
      await connectPersistent(stand);
      stand.ask(8);
      await stand.settle();
      const refs = stand.peer.take().flatMap(({segments}) => segments.map(({gref}) => gref));
      stand.must(
        new Set(refs).size === refs.length,
        `references ${refs.join()}`,
        'each page is in one request at a time',
      );
      stand.must(refs.length === 8, `${refs.length} pages`, '8');
    },
    {mutants: [repeatsGrant]},
  ),
  check(
    'backend/vbd',
    'BLKIF-PERS-09',
    async (stand) => {
      const peer = await connectAs(stand, both);
      const page = peer.page();
      for (let i = 0; i < 4; i++)
        peer.put({...(i % 2 === 0 ? read(0, [{gref: page.gref}]) : write(8, [{gref: page.gref}])), id: BigInt(i)});
      const answers = await stand.exchange();
      stand.must(
        answers.length === 4 && answers.every(({status}) => status === 0),
        `${answers.length} answers`,
        '4, all well',
      );
      await stand.disconnect();
      stand.must(
        stand.mappings === 0,
        () => `${stand.mappings} pages are mapped`,
        'the page was mapped once, and is not any more',
      );
    },
    {mutants: [keepsMappings]},
  ),
];
