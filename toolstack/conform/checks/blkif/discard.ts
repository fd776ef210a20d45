import {check, type Check} from '../../check.ts';
import {answersOkay, misreadsWord, SLOT} from '../../mutants/blkif.ts';
import {backWords, overpublishes} from '../../mutants/ring.ts';
import {neverWrites, readsInstead} from '../../mutants/store.ts';
import {BLK_OP, type BlockRequest} from '../../peers/block-frontend.ts';
import type {DiskSetup, VbdBackendStand} from '../../stand/vbd-backend.ts';
import {DISK_SECTORS, mustAnswer, OKAY, REFUSED, REFUSED_OR_UNKNOWN, SECTOR_BYTES} from './answers.ts';

const BLKIF_DISCARD_SECURE = 1;
const NOT_SUPPORTED = -2;

const discard = (sector: bigint, discardSectors: bigint, nrSegments = 0): BlockRequest => ({
  operation: BLK_OP.discard,
  sector,
  discardSectors,
  nrSegments,
});

const offered = (stand: VbdBackendStand, key: string): Promise<string | undefined> =>
  stand.read(`${stand.backPath(stand.devid)}/${key}`);

const connectDiscard = async (stand: VbdBackendStand, setup: DiskSetup = {}): Promise<void> => {
  await stand.connect({target: 'scripted', ...setup});
  if ((await offered(stand, 'feature-discard')) !== '1') stand.inconclusive('the backend does not discard');
};

const flagOf = (word: number): number => (word >>> 8) & 0xff;

export const discardChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'BLKIF-DISC-01',
    async (stand) => {
      await connectDiscard(stand);
      stand.scriptedDisk.bytes.fill(0xff);
      const end = BigInt(DISK_SECTORS);
      const beyond: [bigint, bigint][] = [
        [end, 8n],
        [end - 8n, 16n],
        [0n, end + 8n],
        [0n, 2n ** 32n],
        [8n, 2n ** 63n],
        [8n, 2n ** 64n - 8n],
        [2n ** 64n - 8n, 16n],
        [2n ** 32n, 8n],
      ];
      await mustAnswer(
        stand,
        beyond.map(([sector, sectors]) => ({
          what: `${sectors} sectors at ${sector}`,
          request: discard(sector, sectors),
          due: REFUSED,
        })),
      );
      stand.must(
        stand.scriptedDisk.bytes.every((byte) => byte === 0xff),
        'the disk was written',
        'nothing is discarded',
      );
      await mustAnswer(stand, [{what: 'the end of the disk', request: discard(end - 8n, 8n), due: OKAY}]);
    },
    {
      mutants: [
        answersOkay,
        misreadsWord('knows the lower half of numbers', SLOT.seg + 4, () => 0),
        misreadsWord('knows the lower half of sector numbers', SLOT.sectorHigh, () => 0),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-DISC-02',
    async (stand) => {
      await connectDiscard(stand);
      if ((await offered(stand, 'discard-secure')) === '1') stand.inconclusive('the backend offers secure discard');
      await mustAnswer(stand, [{what: 'a secure discard', request: discard(0n, 8n, BLKIF_DISCARD_SECURE), due: OKAY}]);
    },
    {
      variant: 'not offered',
      mutants: [
        misreadsWord('refuses the flag', SLOT.head, (word) =>
          (word & 0xff) === BLK_OP.discard && flagOf(word) !== 0 ? 0xff : word,
        ),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-DISC-02',
    async (stand) => {
      await connectDiscard(stand, {back: {tuning: 'secure=1'}});
      if ((await offered(stand, 'discard-secure')) !== '1') stand.inconclusive('the backend offers no secure discard');
      const {scriptedDisk} = stand;
      scriptedDisk.bytes.fill(0xff);
      await mustAnswer(stand, [{what: 'a secure discard', request: discard(8n, 8n, BLKIF_DISCARD_SECURE), due: OKAY}]);
      const piece = scriptedDisk.stableBytes.subarray(8 * SECTOR_BYTES, 16 * SECTOR_BYTES);
      stand.must(
        scriptedDisk.deeds.includes('write') && piece.every((byte) => byte === 0),
        `the disk was asked to ${scriptedDisk.deeds.join()}`,
        'the bytes are overwritten for good',
      );
    },
    {
      variant: 'offered',
      mutants: [
        misreadsWord('does not look at the flag', SLOT.head, (word) =>
          (word & 0xff) === BLK_OP.discard ? word & ~0xff00 : word,
        ),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-DISC-03',
    async (stand) => {
      await stand.connect({target: 'scripted', back: {'discard-enable': '0'}});
      const feature = (await offered(stand, 'feature-discard')) ?? '0';
      stand.must(feature === '0', `feature-discard ${feature}`, '0, or no such node');
    },
    {mutants: [readsInstead('does not look at discard-enable', 'discard-enable', () => '1')]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-DISC-04',
    async (stand) => {
      const [granularity, alignment] = [4096, 1024];
      const peer = await stand.connect({
        'feature-discard': '1',
        'discard-granularity': String(granularity),
        'discard-alignment': String(alignment),
      });
      void stand.disk.discard(512, 65536).catch(() => undefined);
      await stand.settle();
      const [request] = peer.take();
      if (request === undefined) stand.inconclusive('the driver does not discard');
      const [start, length] = [Number(request.sector) * SECTOR_BYTES, Number(request.discardSectors) * SECTOR_BYTES];
      const isAligned = (start - alignment) % granularity === 0 && length % granularity === 0;
      stand.must(isAligned, `${length} bytes at ${start}`, `whole pieces of ${granularity} from ${alignment} on`);
    },
    {
      mutants: [
        readsInstead('does not look at discard-granularity', 'discard-granularity', () => '512'),
        readsInstead('does not look at discard-alignment', 'discard-alignment', () => '0'),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-DISC-05',
    async (stand) => {
      await connectDiscard(stand);
      for (const key of ['discard-granularity', 'discard-alignment'])
        stand.must((await offered(stand, key)) !== undefined, `no ${key}`, 'both are there with feature-discard');
    },
    {mutants: [neverWrites('discard-granularity'), neverWrites('discard-alignment')]},
  ),
  check(
    'backend/vbd',
    'BLKIF-DISC-06',
    async (stand) => {
      await connectDiscard(stand);
      const response = await stand.request({...discard(8n, 0n), id: 5n});
      stand.must(response?.id === 5n, 'no answer', 'an answer');
    },
    {mutants: [overpublishes(backWords, -1)]},
  ),
  check(
    'backend/vbd',
    'BLKIF-DISC-07',
    async (stand) => {
      await stand.connect({target: 'scripted', mode: 'r'});
      stand.scriptedDisk.bytes.fill(0xff);
      await mustAnswer(stand, [{what: 'a discard', request: discard(0n, 8n), due: REFUSED_OR_UNKNOWN}]);
      stand.must(
        stand.scriptedDisk.bytes.every((byte) => byte === 0xff),
        'the disk was written',
        'it stays as it is',
      );
    },
    {mutants: [answersOkay, readsInstead('does not look at mode', 'mode', () => 'w')]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-DISC-08',
    async (stand) => {
      const peer = await stand.connect({'feature-discard': '1'});
      let seen = 0;
      for (let i = 0; i < 2; i++) {
        const done = stand.disk.discard(0, 4096).catch(() => undefined);
        await stand.settle();
        for (const {id, operation} of peer.take()) {
          seen++;
          peer.respond(id, operation, NOT_SUPPORTED);
        }
        peer.push();
        await stand.within(done, 'the discard ends');
      }
      if (seen === 0) stand.inconclusive('the driver does not discard');
      stand.must(seen === 1, `${seen} discards`, 'none after BLKIF_RSP_EOPNOTSUPP');
      stand.must(await stand.reads(), 'a read failed', 'discard alone is given up');
    },
    {
      mutants: [
        misreadsWord('takes any status for an error', SLOT.responseStatus, (word) =>
          word >>> 16 === 0 ? word : (word & 0xffff) | 0xffff_0000,
        ),
      ],
    },
  ),
];
