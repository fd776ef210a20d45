import {check, type Check} from '../../check.ts';
import {answersOkay, clampsSectorsAt, mapsAllWritable, misreadsWord, readsOff, SLOT} from '../../mutants/blkif.ts';
import {fetchesTwice} from '../../mutants/ring-order.ts';
import {readsInstead} from '../../mutants/store.ts';
import {BLK_OP, blockLayouts} from '../../peers/block-frontend.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';
import {type Case, fillPage, indirect, mustAnswer, OKAY, REFUSED, sameBytes} from './answers.ts';

const NO_GRANT = 500;
const NEVER_GRANTED = 0xffff_ffff;
const PAGE_BYTES = 4096;
/** More than fit into a request of its own. */
const SEGMENTS = 15;
/** Where in a slot the sectors of the last of them would stand, were the page a ring: no byte of a request that counts. */
const LAST_SECTORS = 52;

/** Connects; returns how many segments an indirect request may have. */
const connectIndirect = async (stand: VbdBackendStand): Promise<number> => {
  await stand.connect({target: 'scripted'});
  const max = Number((await stand.read(`${stand.backPath(stand.devid)}/feature-max-indirect-segments`)) ?? 0);
  return max > 0 ? max : stand.inconclusive('the backend does not take indirect requests');
};

const isIndirect = (word: number): boolean => (word & 0xff) === BLK_OP.indirect;

export const indirectChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'BLKIF-IND-01',
    async (stand) => {
      await connectIndirect(stand);
      const {gref} = stand.peer.page();
      await mustAnswer(
        stand,
        [0, 1, 2, 3, 4, 5, 6, 255].map((operation) => ({
          what: `indirect_op ${operation}`,
          request: indirect(stand, operation, 0, [{gref}]),
          due: operation <= BLK_OP.write ? OKAY : REFUSED,
        })),
      );
    },
    {
      mutants: [
        answersOkay,
        misreadsWord('takes any indirect_op for a read', SLOT.head, (word) =>
          isIndirect(word) ? word & ~0xff00 : word,
        ),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-IND-02',
    async (stand) => {
      const max = await connectIndirect(stand);
      const {gref} = stand.peer.page();
      const segments = Array.from({length: Math.min(max + 1, 512)}, () => ({gref}));
      const cases = [1, 11, 12, max, 0, max + 1, 65535].map((count): Case => ({
        what: `${count} segments`,
        request: indirect(stand, BLK_OP.read, 0, segments, count),
        due: count >= 1 && count <= max ? OKAY : REFUSED,
      }));
      await mustAnswer(stand, cases);
    },
    {
      mutants: [
        answersOkay,
        misreadsWord('serves as many segments as it can', SLOT.head, (word) =>
          isIndirect(word) ? ((word & 0xffff) | (Math.max(1, Math.min(word >>> 16, 256)) << 16)) >>> 0 : word,
        ),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-IND-03',
    async (stand) => {
      await connectIndirect(stand);
      const {peer} = stand;
      const page = peer.page();
      const bytes = fillPage(page, 1);
      const {indirect: inside, ...request} = indirect(
        stand,
        BLK_OP.write,
        0,
        Array.from({length: SEGMENTS}, () => ({gref: page.gref})),
      );
      const grefs = [...(inside?.grefs ?? []), ...Array.from({length: 7}, () => NEVER_GRANTED)];
      const nrSegments = SEGMENTS;
      await mustAnswer(stand, [
        {
          what: 'a write with one page of segments',
          request: {...request, indirect: {operation: BLK_OP.write, nrSegments, grefs}},
          due: OKAY,
        },
      ]);
      const last = (SEGMENTS - 1) * PAGE_BYTES;
      stand.must(
        sameBytes(stand.scriptedDisk.bytes.subarray(last, last + PAGE_BYTES), bytes),
        'the last segment is not on the disk',
        'all are',
      );
    },
    {mutants: [readsOff(blockLayouts.x86_64.grefs, 4)]},
  ),
  check(
    'backend/vbd',
    'BLKIF-IND-04',
    async (stand) => {
      await connectIndirect(stand);
      const {peer} = stand;
      const [page, secret] = [peer.page({fill: 0x11}), peer.page({fill: 0x22})];
      const segments = peer.segmentPage(Array.from({length: SEGMENTS}, () => ({gref: page.gref})));
      stand.seam.nameRing('segment-page', segments.gfn, stand.guest.ops.memory);
      const view = new DataView(segments.bytes.buffer, segments.bytes.byteOffset, PAGE_BYTES);
      stand.spy.after = ({kind, ring, offset}) => {
        if (kind === 'read' && ring === 'segment-page')
          view.setUint32(offset, offset % 8 === 0 ? secret.gref : 0xffff, true);
      };
      const request = {
        operation: BLK_OP.indirect,
        indirect: {operation: BLK_OP.write, nrSegments: SEGMENTS, grefs: [segments.gref]},
      };
      await mustAnswer(stand, [{what: 'a write whose segments change once they were read', request, due: OKAY}]);
      const at = stand.scriptedDisk.bytes.subarray(0, SEGMENTS * PAGE_BYTES).findIndex((byte) => byte !== 0x11);
      stand.must(at < 0, `byte ${at} of the disk is of another page`, 'segments are read once');
    },
    {mutants: [fetchesTwice, mapsAllWritable]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-IND-05',
    async (stand) => {
      const peer = await stand.connect({'feature-max-indirect-segments': '16'});
      const done = stand.disk.read(0, 40 * PAGE_BYTES);
      let seen = 0;
      for (let i = 0; i < 6; i++) {
        await stand.settle();
        for (const request of peer.take()) {
          const segments = request.indirect?.nrSegments ?? request.nrSegments;
          seen += segments;
          stand.must(segments <= 16, `${segments} segments`, '16 at most');
          for (const gref of request.indirect?.grefs ?? [])
            stand.must(
              peer.bytesOf(gref) !== undefined,
              'the page of segments cannot be mapped',
              'it is granted up to the answer',
            );
          stand.must(
            request.segments.length === segments,
            `${request.segments.length} segments can be read`,
            `${segments}`,
          );
          peer.serve(request, 0xa5);
        }
        peer.push();
      }
      stand.must(seen === 40, `${seen} segments`, '40 in all');
      await stand.within(done, 'the read ends');
    },
    {mutants: [readsInstead('takes 32 segments for granted', 'feature-max-indirect-segments', () => '32')]},
  ),
  check(
    'backend/vbd',
    'BLKIF-IND-06',
    async (stand) => {
      await connectIndirect(stand);
      const {gref} = stand.peer.page();
      const request = {
        operation: BLK_OP.indirect,
        indirect: {operation: BLK_OP.read, nrSegments: SEGMENTS, grefs: [NO_GRANT]},
      };
      await mustAnswer(stand, [
        {what: 'a page of segments that is not granted', request, due: REFUSED},
        {what: 'one that is', request: indirect(stand, BLK_OP.read, 0, [{gref}]), due: OKAY},
      ]);
      stand.must((await stand.state) === 4, `the backend is in state ${await stand.state}`, 'the request alone fails');
    },
    {mutants: [answersOkay]},
  ),
  check(
    'backend/vbd',
    'BLKIF-IND-07',
    async (stand) => {
      await connectIndirect(stand);
      const {gref} = stand.peer.page();
      const wrong = [
        [1, 0],
        [0, 8],
        [8, 8],
        [255, 255],
      ].map(([first, last]): Case => {
        const segments = Array.from({length: SEGMENTS - 1}, () => ({gref, first: 0, last: 7}));
        const page = stand.peer.segmentPage([...segments, {gref, first, last}]);
        stand.seam.nameRing('segment-page', page.gfn, stand.guest.ops.memory);
        return {
          what: `sectors ${first}..${last} in the last segment`,
          request: {
            operation: BLK_OP.indirect,
            indirect: {operation: BLK_OP.read, nrSegments: SEGMENTS, grefs: [page.gref]},
          },
          due: REFUSED,
        };
      });
      const beyond: Case = {
        what: 'beyond the end',
        request: indirect(stand, BLK_OP.read, 2048 - 8, [{gref}, {gref}]),
        due: REFUSED,
      };
      await mustAnswer(stand, [...wrong, beyond]);
    },
    {mutants: [answersOkay, clampsSectorsAt(LAST_SECTORS)]},
  ),
];
