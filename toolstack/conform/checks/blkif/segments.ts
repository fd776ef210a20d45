import {check, type Check} from '../../check.ts';
import {
  answersErrors,
  answersOkay,
  clampsSectors,
  clampsSegments,
  mapsAllWritable,
  misreadsWord,
  refusesRepeatedGrants,
  SLOT,
  widensSegments,
} from '../../mutants/blkif.ts';
import {readsInstead} from '../../mutants/store.ts';
import {BLK_OP, type BlockSegment} from '../../peers/block-frontend.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';
import {
  type Case,
  DISK_SECTORS,
  fillPage,
  indirect,
  mustAnswer,
  OKAY,
  read,
  REFUSED,
  REFUSED_OR_UNKNOWN,
  sameBytes,
  SECTOR_BYTES,
  write,
} from './answers.ts';

const CANARY = 0x5c;
const NO_GRANT = 500;

const manySegments = (stand: VbdBackendStand, count: number): BlockSegment[] => {
  const {gref} = stand.peer.page();
  return Array.from({length: count}, () => ({gref}));
};

/** A disk whose sectors are of 4096 bytes. */
const connect4k = async (stand: VbdBackendStand): Promise<void> => {
  await stand.connect({target: 'scripted', back: {tuning: 'sector=4096'}});
  if ((await stand.read(`${stand.backPath(stand.devid)}/sector-size`)) !== '4096')
    stand.inconclusive('the backend has no disk with sectors of 4096 bytes');
};

/** One page is written at a sector of 512 bytes; it is found there. */
const mustWriteAt = async (stand: VbdBackendStand, sector: number, first: number, last: number): Promise<void> => {
  const page = stand.peer.page();
  const bytes = fillPage(page, sector);
  await mustAnswer(stand, [{what: 'a write', request: write(sector, [{gref: page.gref, first, last}]), due: OKAY}]);
  const due = bytes.subarray(first * SECTOR_BYTES, (last + 1) * SECTOR_BYTES);
  const at = sector * SECTOR_BYTES;
  stand.must(
    sameBytes(stand.scriptedDisk.bytes.subarray(at, at + due.length), due),
    `the disk has other bytes at ${at}`,
    `sectors ${first}..${last} of the page`,
  );
};

export const segmentChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'BLKIF-REQ-05',
    async (stand) => {
      await stand.connect();
      const segments = manySegments(stand, 11);
      const cases = [1, 2, 10, 11, 0, 12, 13, 31, 32, 128, 255].flatMap((nrSegments): Case[] =>
        [BLK_OP.read, BLK_OP.write].map((operation) => ({
          what: `operation ${operation} with ${nrSegments} segments`,
          request: {operation, segments: segments.slice(0, nrSegments), nrSegments},
          due: nrSegments >= 1 && nrSegments <= 11 ? OKAY : REFUSED,
        })),
      );
      await mustAnswer(stand, cases);
    },
    {mutants: [clampsSegments, answersOkay, answersErrors]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-06',
    async (stand) => {
      const peer = await stand.connect();
      const page = peer.page({fill: CANARY});
      const {gref} = page;
      const sectors = [
        [1, 0],
        [7, 6],
        [0, 8],
        [7, 8],
        [8, 8],
        [0, 255],
        [255, 0],
        [255, 255],
      ];
      await mustAnswer(
        stand,
        sectors.map(([first, last]) => ({
          what: `sectors ${first}..${last} of a page`,
          request: read(0, [{gref, first, last}]),
          due: REFUSED,
        })),
      );
      stand.must(
        page.bytes.every((byte) => byte === CANARY),
        'the page was written',
        'nothing is transferred',
      );
    },
    {mutants: [clampsSectors, answersOkay]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-07',
    async (stand) => {
      await stand.connect({target: 'scripted'});
      await mustWriteAt(stand, 5, 0, 7);
      await mustWriteAt(stand, 101, 2, 3);
      await mustWriteAt(stand, DISK_SECTORS - 1, 7, 7);
    },
    {
      variant: '512',
      mutants: [
        misreadsWord('counts sectors of 4096 bytes', SLOT.sector, (sector) => sector * 8),
        misreadsWord('begins at the start of the page', SLOT.seg + 4, (word) => {
          const [first, last] = [word & 0xff, (word >>> 8) & 0xff];
          return (last - first) << 8;
        }),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-07',
    async (stand) => {
      await connect4k(stand);
      await mustWriteAt(stand, 8, 0, 7);
      await mustWriteAt(stand, 80, 0, 7);
    },
    {variant: '4096', mutants: [misreadsWord('counts sectors of 4096 bytes', SLOT.sector, (sector) => sector * 8)]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-09',
    async (stand) => {
      await connect4k(stand);
      const {gref} = stand.peer.page();
      await mustAnswer(stand, [
        {what: 'aligned', request: read(8, [{gref}]), due: OKAY},
        {what: 'start within a sector', request: read(1, [{gref}]), due: REFUSED},
        {what: 'half a sector', request: read(8, [{gref, first: 0, last: 3}]), due: REFUSED},
        {what: 'the end of a sector', request: write(8, [{gref, first: 7, last: 7}]), due: REFUSED},
      ]);
    },
    {mutants: [answersOkay, misreadsWord('rounds the start', SLOT.sector, (sector) => sector & ~7), widensSegments]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-10',
    async (stand) => {
      await stand.connect();
      const {gref} = stand.peer.page();
      const end = BigInt(DISK_SECTORS);
      const inside: Case = {what: 'the last page', request: read(end - 8n, [{gref}]), due: OKAY};
      const beyond = [
        end - 7n,
        end,
        2n ** 32n,
        2n ** 32n + 8n,
        2n ** 53n,
        2n ** 55n,
        2n ** 63n,
        2n ** 64n - 8n,
        2n ** 64n - 1n,
      ];
      await mustAnswer(stand, [
        inside,
        ...beyond.map((sector) => ({what: `sector ${sector}`, request: read(sector, [{gref}]), due: REFUSED})),
      ]);
    },
    {
      mutants: [
        answersOkay,
        misreadsWord('knows the lower half of sector numbers', SLOT.sectorHigh, () => 0),
        answersErrors,
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-11',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted'});
      const good = peer.page({fill: CANARY});
      for (const bad of [0, 5, 10]) {
        const segments = Array.from({length: 11}, (_, i) => ({gref: i === bad ? NO_GRANT : good.gref}));
        peer.put({...write(0, segments), id: 7n});
        const answers = await stand.exchange();
        stand.must(
          answers.length === 1 && answers[0].status === -1,
          () => `${answers.length} answers, status ${answers[0]?.status}, with segment ${bad} not granted`,
          'one answer, BLKIF_RSP_ERROR',
        );
      }
      stand.must(stand.mappings === 1, () => `${stand.mappings} pages are mapped`, 'the ring alone');
      stand.must(await stand.serves(), 'a read is not answered', 'service goes on');
    },
    {mutants: [answersOkay]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-12',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted'});
      const {gref, bytes} = peer.page();
      const {scriptedDisk} = stand;
      for (let i = 0; i < scriptedDisk.bytes.length; i++) scriptedDisk.bytes[i] = (i >> 9) & 0xff;
      const segments = [6, 4, 2, 0].map((first) => ({gref, first, last: first + 1}));
      await mustAnswer(stand, [{what: 'four segments of one page', request: read(16, segments), due: OKAY}]);
      const seen = Array.from({length: 8}, (_, i) => bytes[i * SECTOR_BYTES]).join();
      stand.must(seen === '22,23,20,21,18,19,16,17', `sectors ${seen}`, 'sectors 22,23,20,21,18,19,16,17');
    },
    {mutants: [refusesRepeatedGrants]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-13',
    async (stand) => {
      const peer = await stand.connect();
      const page = peer.page({fill: CANARY});
      const request = read(0, [{gref: page.gref, first: 2, last: 4}]);
      await mustAnswer(stand, [{what: 'a read of 3 sectors', request, due: OKAY}]);
      const at = page.bytes.findIndex((byte, i) => byte !== (i >> 9 >= 2 && i >> 9 <= 4 ? 0 : CANARY));
      stand.must(at < 0, () => `byte ${at} of the page is ${page.bytes[at]}`, 'sectors 2..4 are read, the others stay');
    },
    {mutants: [widensSegments]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-14',
    async (stand) => {
      const peer = await stand.connect();
      const {gref} = peer.page({readonly: true});
      await mustAnswer(stand, [
        {what: 'a write from a page that may be read only', request: write(0, [{gref}]), due: OKAY},
        {what: 'a read into it', request: read(0, [{gref}]), due: REFUSED},
      ]);
    },
    {mutants: [mapsAllWritable]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-15',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted', mode: 'r'});
      const {gref} = peer.page({fill: CANARY});
      await mustAnswer(stand, [
        {what: 'a write', request: write(0, [{gref}]), due: REFUSED},
        {what: 'an indirect write', request: indirect(stand, BLK_OP.write, 0, [{gref}]), due: REFUSED_OR_UNKNOWN},
        {
          what: 'a barrier with data',
          request: {...write(0, [{gref}]), operation: BLK_OP.barrier},
          due: REFUSED_OR_UNKNOWN,
        },
        {what: 'a flush with data', request: {...write(0, [{gref}]), operation: BLK_OP.flush}, due: REFUSED_OR_UNKNOWN},
        {what: 'a read', request: read(0, [{gref}]), due: OKAY},
      ]);
      stand.must(
        stand.scriptedDisk.bytes.every((byte) => byte === 0),
        'the disk was written',
        'it stays as it is',
      );
    },
    {mutants: [readsInstead('does not look at mode', 'mode', () => 'w'), answersOkay]},
  ),
];
