import {GNTMAP_readonly} from '../../../../hypervisor/abi/grant-table.ts';
import {check, type Check} from '../../check.ts';
import {keepsHalfBatches} from '../../mutants/attacks.ts';
import {mapsAllWritable, mapsWith} from '../../mutants/blkif.ts';
import {neverWrites, writesInstead} from '../../mutants/store.ts';
import {answersGood, answersHostError, misreadsScsi, rereadsSegments, SCSI_WORD} from '../../mutants/vscsi.ts';
import {
  SCSI_DIRECT_SEGMENTS,
  SCSI_INDIRECT,
  SCSI_DIRECTION,
  type ScsiPeerRequest,
  type ScsiSegment,
} from '../../peers/scsi-frontend.ts';
import type {VscsiBackendStand} from '../../stand/vscsi-backend.ts';
import {
  GOOD,
  HOST_ERROR,
  mustAnswer,
  mustStand,
  NO_GRANT,
  PAGE_BYTES,
  pattern,
  read,
  REFUSED,
  sameBytes,
  testUnitReady,
  write,
} from './answers.ts';

const CANARY = 0x5c;
const SEGMENTS_PER_PAGE = 512;
/** Enough for the ring's own segments not to have room for them. */
const MANY = SCSI_DIRECT_SEGMENTS + 4;

/** A command that looks at no data, with room for some: its answer depends on the segments alone. */
const withSegments = (segments: readonly ScsiSegment[], nrSegments = segments.length): ScsiPeerRequest => ({
  ...testUnitReady,
  direction: SCSI_DIRECTION.in,
  segments,
  nrSegments,
});

/** The same with segments in pages of their own. */
const indirect = (stand: VscsiBackendStand, segments: readonly ScsiSegment[]): readonly ScsiSegment[] =>
  Array.from({length: Math.ceil(segments.length / SEGMENTS_PER_PAGE)}, (_, i) => {
    const part = segments.slice(i * SEGMENTS_PER_PAGE, (i + 1) * SEGMENTS_PER_PAGE);
    return {gref: stand.peer.segmentPage(part).gref, length: 8 * part.length};
  });

/** Connects; returns how many segments in pages of their own the backend takes, 0 for none. */
const connectIndirect = async (stand: VscsiBackendStand): Promise<number> => {
  await stand.connect();
  return Number((await stand.node('feature-sg-grant')) ?? 0);
};

const mustTakeIndirect = async (stand: VscsiBackendStand): Promise<void> => {
  if ((await connectIndirect(stand)) === 0) stand.inconclusive('the backend takes no segments in pages of their own');
};

const clampsRange = misreadsScsi('cuts segments to their page', SCSI_WORD.firstRange, (word) => {
  const offset = word & 0xfff;
  return offset | (Math.min(word >>> 16, PAGE_BYTES - offset) << 16);
});

export const segmentChecks: readonly Check[] = [
  check(
    'backend/vscsi',
    'VSCSI-REQ-04',
    async (stand) => {
      await mustTakeIndirect(stand);
      const {gref} = stand.peer.page();
      const direct = Array.from({length: SCSI_DIRECT_SEGMENTS}, () => ({gref, length: 16}));
      const list = indirect(stand, [{gref, length: 16}])[0];
      const lists = Array.from({length: SCSI_DIRECT_SEGMENTS}, () => list);
      for (let nrSegments = 0; nrSegments < 256; nrSegments++) {
        const count = nrSegments & ~SCSI_INDIRECT;
        const segments = nrSegments >= SCSI_INDIRECT ? lists : direct;
        const {rslt, residual} = await stand.request(withSegments(segments, nrSegments));
        const isRight = count <= SCSI_DIRECT_SEGMENTS;
        stand.must(
          isRight ? rslt === 0 && residual === 16 * count : rslt >>> 16 !== 0,
          `nr_segments ${nrSegments}: rslt 0x${rslt.toString(16)}, residual_len ${residual}`,
          isRight ? `room for ${16 * count} bytes` : 'a host error',
        );
      }
    },
    {
      seeds: 1,
      mutants: [
        misreadsScsi('takes 26 segments at most', SCSI_WORD.direction, (word) => {
          const count = word >>> 24;
          return (word & 0xff_ffff) | (((count & 0x80) | Math.min(count & 0x7f, SCSI_DIRECT_SEGMENTS)) << 24);
        }),
        misreadsScsi('does not know bit 7', SCSI_WORD.direction, (word) => word & 0x7fff_ffff),
        answersGood,
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-05',
    async (stand) => {
      const max = await connectIndirect(stand);
      const {gref} = stand.peer.page();
      const cases = [1, SCSI_DIRECT_SEGMENTS, MANY, 512, 513, max + 1, ...(max > 0 ? [max] : [])].map((count) => {
        const lists = indirect(
          stand,
          Array.from({length: count}, () => ({gref, length: 4})),
        );
        return {
          what: `${count} segments in pages of their own`,
          request: withSegments(lists, lists.length | SCSI_INDIRECT),
          due: count <= max ? GOOD : REFUSED,
        };
      });
      await mustAnswer(stand, cases);
    },
    {
      mutants: [
        neverWrites('feature-sg-grant'),
        writesInstead('takes more than it says', 'feature-sg-grant', () => '512'),
        writesInstead('says more than it takes', 'feature-sg-grant', () => '2048'),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-06',
    async (stand) => {
      await mustTakeIndirect(stand);
      const {gref} = stand.peer.page();
      const ranges: readonly [offset: number, length: number, isRight: boolean][] = [
        [0, 8, true],
        [8, 16, true],
        [4088, 8, true],
        [0, 4096, true],
        [0, 1, false],
        [0, 7, false],
        [0, 12, false],
        [8, 4095, false],
        [4092, 8, false],
        [4096, 8, false],
        [8, 4096, false],
        [0, 4104, false],
        [0xfff8, 8, false],
        [0xfff8, 0xfff8, false],
      ];
      const list = stand.peer.segmentPage(Array.from({length: SEGMENTS_PER_PAGE}, () => ({gref, length: 4})));
      await mustAnswer(
        stand,
        ranges.map(([offset, length, isRight]) => ({
          what: `${length} bytes of segments at ${offset}`,
          request: withSegments([{gref: list.gref, offset, length}], 1 | SCSI_INDIRECT),
          due: isRight ? GOOD : REFUSED,
        })),
      );
      await mustStand(stand);
    },
    {
      mutants: [
        clampsRange,
        misreadsScsi('cuts lists to whole segments', SCSI_WORD.firstRange, (word) => word & 0xfff8_ffff),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-07',
    async (stand) => {
      await mustTakeIndirect(stand);
      const page = stand.peer.page({fill: CANARY});
      const {gref} = page;
      const bad: ScsiSegment[] = [
        {gref, offset: 0, length: 4097},
        {gref, offset: 1, length: 4096},
        {gref, offset: 4095, length: 2},
        {gref, offset: 4096, length: 1},
        {gref, offset: 0xffff, length: 1},
        {gref, offset: 0, length: 0xffff},
        {gref, offset: 0xffff, length: 0xffff},
      ];
      for (const segment of bad) {
        const lists = indirect(stand, [segment]);
        const what = `${segment.length} bytes at ${segment.offset}`;
        await mustAnswer(stand, [
          {what, request: read(0, [segment]), due: REFUSED},
          {
            what: `${what}, indirect`,
            request: {...read(0, [segment]), segments: lists, nrSegments: 1 | SCSI_INDIRECT},
            due: REFUSED,
          },
        ]);
      }
      stand.must(
        page.bytes.every((byte) => byte === CANARY),
        'the page was written',
        'nothing is transferred',
      );
      await mustAnswer(stand, [
        {what: 'the last byte of a page', request: withSegments([{gref, offset: 4095, length: 1}]), due: GOOD},
      ]);
    },
    {mutants: [clampsRange, answersGood]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-08',
    async (stand) => {
      await mustTakeIndirect(stand);
      const {peer, spy} = stand;
      const [page, secret] = [peer.page({fill: CANARY}), peer.page({fill: CANARY})];
      const segments = [{gref: page.gref}];
      const list = peer.segmentPage(segments);
      stand.seam.nameRing('list', list.gfn, stand.guest.ops.memory);
      const change = (): void => new DataView(list.bytes.buffer, list.bytes.byteOffset).setUint32(0, secret.gref, true);
      spy.onUnmap = change;
      spy.after = ({kind, ring}) => {
        if (kind === 'read' && ring === 'list') change();
      };
      const response = await stand.request({
        ...read(0, segments),
        segments: [{gref: list.gref, length: 8}],
        nrSegments: 1 | SCSI_INDIRECT,
      });
      stand.must(response.rslt === 0, `rslt ${response.rslt}`, 'the request as it was read first is served');
      stand.must(
        page.bytes.every((byte) => byte === 0),
        'the page was not written',
        'segments as they were read first',
      );
      stand.must(
        secret.bytes.every((byte) => byte === CANARY),
        'another page was written',
        'segments are read once',
      );
    },
    {mutants: [rereadsSegments]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-09',
    async (stand) => {
      await mustTakeIndirect(stand);
      const {gref} = stand.peer.page();
      const badAt = (bad: number, count: number): ScsiSegment[] =>
        Array.from({length: count}, (_, i) => ({gref: i === bad ? NO_GRANT : gref, length: 512}));
      for (const bad of [0, 1, 12, 24, 25]) {
        await mustAnswer(stand, [
          {what: `segment ${bad} is not granted`, request: read(0, badAt(bad, SCSI_DIRECT_SEGMENTS)), due: HOST_ERROR},
        ]);
        stand.must(stand.mappings === 1, () => `${stand.mappings} pages are mapped`, 'the ring alone');
      }
      for (const segments of [indirect(stand, badAt(MANY - 1, MANY)), [{gref: NO_GRANT, length: 8}]]) {
        await mustAnswer(stand, [
          {
            what: 'a page that is not granted, of an indirect request',
            request: withSegments(segments, 1 | SCSI_INDIRECT),
            due: HOST_ERROR,
          },
        ]);
      }
      await mustStand(stand);
    },
    {mutants: [keepsHalfBatches, answersGood]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-10',
    async (stand) => {
      const peer = await stand.connect();
      const page = peer.page({readonly: true});
      const bytes = pattern(page.bytes, 3);
      await mustAnswer(stand, [
        {what: 'a write from a read-only page', request: write(0, [{gref: page.gref}]), due: GOOD},
        {what: 'a read into a read-only page', request: read(8, [{gref: page.gref}]), due: HOST_ERROR},
      ]);
      stand.must(sameBytes(stand.disk().bytes.subarray(0, PAGE_BYTES), bytes), 'the disk was not written', 'it is');
      stand.must(sameBytes(page.bytes, bytes), 'a read-only page was written', 'it stays as it is');
    },
    {
      mutants: [
        mapsAllWritable,
        mapsWith('maps data pages read-only', (flags) => flags | GNTMAP_readonly),
        answersHostError,
      ],
    },
  ),
];
