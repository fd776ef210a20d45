import {check, type Check} from '../../check.ts';
import {
  answersErrors,
  answersOkay,
  clampsSectors,
  clampsSegments,
  fillsPagesLate,
  mapsAllWritable,
  misreadsWord,
  miswritesWord,
  refusesRepeatedGrants,
  SLOT,
  takesOperation,
  widensSegments,
} from '../../mutants/blkif.ts';
import {keepsMappings} from '../../mutants/leaks.ts';
import {backWords, ignoresImpossible, overpublishes} from '../../mutants/ring.ts';
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

const SLOTS = 32;
const CANARY = 0x5c;
const RSP_PROD = 8;

const ids = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, 0x0123_4567_89ab_cdefn];
const unknownOperations = [4, 7, 8, 100, 255];
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

export const requestChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'BLKIF-REQ-01',
    async (stand) => {
      const peer = await stand.connect();
      const page = peer.page();
      for (let i = 0; i < SLOTS; i++) peer.putRead(BigInt(1000 + i), page, BigInt(8 * i));
      const answered = (await stand.exchange()).map(({id}) => id);
      stand.must(answered.length === SLOTS, `${answered.length} answers to ${SLOTS} requests`, 'one each');
      stand.must(
        new Set(answered).size === SLOTS && answered.every((id) => id >= 1000n && id < 1000n + BigInt(SLOTS)),
        `answers to ${answered.join()}`,
        'each with the id of its request',
      );
    },
    {
      mutants: [
        overpublishes(backWords, -1),
        miswritesWord('answers with the id of another request', 0, (id) => id | 1),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-03',
    async (stand) => {
      const peer = await stand.connect();
      const page = peer.page();
      for (const id of ids) {
        const response = await stand.request({...read(0, [{gref: page.gref}]), id});
        stand.must(response?.id === id, `id ${response?.id} for ${id}`, 'the same 64 bits');
      }
    },
    {
      mutants: [
        miswritesWord('echoes the lower half of an id', SLOT.responseIdHigh, () => 0),
        misreadsWord('takes an id for a signed number', SLOT.id + 4, (value) => value & 0x7fff_ffff),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-04',
    async (stand) => {
      const peer = await stand.connect();
      const {gref} = peer.page();
      const inside = [BLK_OP.read, BLK_OP.write].map((operation) => ({
        request: indirect(stand, operation, 0, [{gref}]),
        due: operation as number,
      }));
      const plain = [
        {request: read(0, [{gref}]), due: BLK_OP.read},
        {request: write(0, [{gref}]), due: BLK_OP.write},
        {request: {operation: BLK_OP.flush}, due: BLK_OP.flush},
        {request: {operation: BLK_OP.discard, discardSectors: 8n}, due: BLK_OP.discard},
      ];
      for (const {request, due} of [...plain, ...inside]) {
        const response = await stand.request(request);
        stand.must(
          response?.operation === due,
          `operation ${response?.operation} in the answer to ${request.operation}`,
          `operation ${due}`,
        );
      }
    },
    {
      mutants: [
        miswritesWord('names no operation', SLOT.responseStatus, (word) => word & ~0xff),
        miswritesWord('names indirect requests so', SLOT.responseStatus, (word) => word | BLK_OP.indirect),
      ],
    },
  ),
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
  check(
    'backend/vbd',
    'BLKIF-REQ-16',
    async (stand) => {
      await stand.connect();
      const {gref} = stand.peer.page();
      await mustAnswer(
        stand,
        unknownOperations.map((operation) => ({
          what: `operation ${operation}`,
          request: {operation, segments: [{gref}]},
          due: REFUSED_OR_UNKNOWN,
        })),
      );
      stand.must(await stand.serves(), 'a read is not answered', 'service goes on');
    },
    {mutants: [answersOkay, takesOperation('takes operation 4 for a read', 4, 0)]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-17',
    async (stand) => {
      const peer = await stand.connect();
      const page = peer.page();
      for (const handle of [0, 1, 0x1234, 0xffff]) {
        const request = {...write(8, [{gref: page.gref}]), handle};
        const bytes = fillPage(page, handle);
        await mustAnswer(stand, [{what: `a write with handle ${handle}`, request, due: OKAY}]);
        page.bytes.fill(0);
        await mustAnswer(stand, [{what: 'a read', request: read(8, [{gref: page.gref}]), due: OKAY}]);
        stand.must(sameBytes(page.bytes, bytes), `handle ${handle} leads elsewhere`, 'the disk of this ring');
      }
    },
    {
      mutants: [
        misreadsWord('refuses handles that it does not know', SLOT.head, (word) => (word >>> 16 > 1 ? 0xff : word)),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-18',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted'});
      stand.scriptedDisk.bytes.fill(CANARY);
      const page = peer.page();
      let early = false;
      stand.spy.after = ({kind, offset}) => {
        if (kind === 'write' && offset === RSP_PROD && page.bytes[0] !== CANARY) early = true;
      };
      await mustAnswer(stand, [{what: 'a read', request: read(0, [{gref: page.gref}]), due: OKAY}]);
      stand.must(!early, 'the answer is there before the data are', 'the data are in the page first');
    },
    {mutants: [fillsPagesLate]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-19',
    async (stand) => {
      const peer = await stand.connect();
      let kept = 0;
      stand.spy.before = ({kind, offset, value}) => {
        if (kind === 'write' && offset === RSP_PROD && value > 0) kept = Math.max(kept, stand.mappings - 1);
      };
      const segments = manySegments(stand, 3);
      await mustAnswer(stand, [{what: 'a read', request: read(0, segments), due: OKAY}]);
      stand.must(kept === 0, `${kept} pages are mapped`, 'pages are unmapped before the answer');
      stand.must(!peer.takeRingBack(), 'the ring is not mapped', 'it is');
    },
    {mutants: [keepsMappings]},
  ),
  check(
    'backend/vbd',
    'BLKIF-REQ-24',
    async (stand) => {
      const peer = await stand.connect();
      const answered = peer.ring.rspProd;
      peer.publish(answered + SLOTS + 1);
      peer.notify();
      stand.must(await stand.reaches(5, 6), `the backend is in state ${await stand.state}`, 'the device is given up');
      peer.publish(answered + 1);
      peer.notify();
      await stand.settle();
      stand.must(peer.ring.rspProd === answered, 'requests are answered', 'the ring has stopped');
    },
    {mutants: [ignoresImpossible(backWords, () => SLOTS)]},
  ),
];
