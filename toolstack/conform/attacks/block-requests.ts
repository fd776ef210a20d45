import {check, type Check} from '../check.ts';
import {
  fillPage,
  indirect,
  mustAnswer,
  OKAY,
  read,
  REFUSED,
  REFUSED_OR_UNKNOWN,
  sameBytes,
  write,
} from '../checks/blkif/answers.ts';
import {forgetsEarlyRefusal, joinsByReference, keepsHalfBatches, throwsOnRefusal} from '../mutants/attacks.ts';
import {answersOkay, clampsSectors, clampsSegments} from '../mutants/blkif.ts';
import {keepsMappings} from '../mutants/leaks.ts';
import {leaksInto} from '../mutants/ring-layout.ts';
import {backWords} from '../mutants/ring.ts';
import {readsInstead} from '../mutants/store.ts';
import {BLK_OP, type BlockAbi, blockLayouts, type BlockSegment} from '../peers/block-frontend.ts';
import type {VbdBackendStand} from '../stand/vbd-backend.ts';

const NO_GRANT = 500;
const HEADER_BYTES = 64;
const RESPONSE_BYTES = 12;
const SECRET = 0x5e;
const SEGMENTS = 32;
const PAGE_BYTES = 4096;

/** All that a request with data may be. */
const dataOperations = [BLK_OP.read, BLK_OP.write, BLK_OP.barrier, BLK_OP.flush] as const;

const mustStand = async (stand: VbdBackendStand, mappings = 1): Promise<void> => {
  stand.must((await stand.state) === 4, `the backend is in state ${await stand.state}`, 'it goes on');
  stand.must(stand.mappings === mappings, () => `${stand.mappings} pages are mapped`, 'the ring alone');
  stand.must(await stand.serves(), 'a read is not answered', 'it goes on');
};

export const blockRequestAttacks: readonly Check[] = [
  check(
    'backend/vbd',
    'XSA-71',
    async (stand) => {
      const peer = await stand.connect();
      const {gref} = peer.page();
      for (let bad = 0; bad < 11; bad++) {
        const segments = Array.from({length: 11}, (_, i) => ({gref: i === bad ? NO_GRANT : gref}));
        await mustAnswer(stand, [{what: `segment ${bad} is not granted`, request: read(0, segments), due: REFUSED}]);
        stand.must(
          stand.mappings === 1,
          () => `${stand.mappings} pages are mapped`,
          'the ring alone, after each answer',
        );
      }
    },
    {mutants: [keepsHalfBatches]},
  ),
  check(
    'backend/vbd',
    'XSA-142',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted', mode: 'r'});
      const {gref} = peer.page({fill: SECRET});
      await mustAnswer(stand, [
        ...dataOperations
          .slice(1)
          .map((operation) => ({
            what: `operation ${operation}`,
            request: {...write(0, [{gref}]), operation},
            due: REFUSED_OR_UNKNOWN,
          })),
        {what: 'an indirect write', request: indirect(stand, BLK_OP.write, 0, [{gref}]), due: REFUSED_OR_UNKNOWN},
        {what: 'a discard', request: {operation: BLK_OP.discard, discardSectors: 8n}, due: REFUSED_OR_UNKNOWN},
      ]);
      stand.must(
        stand.scriptedDisk.bytes.every((byte) => byte === 0),
        'the disk was written',
        'it stays as it is',
      );
      const info = Number(await stand.read(`${stand.backPath(stand.devid)}/info`));
      stand.must((info & 4) !== 0, `info ${info}`, 'VDISK_READONLY');
    },
    {mutants: [readsInstead('does not look at mode', 'mode', () => 'w')]},
  ),
  ...(['x86_64', 'x86_32'] as const satisfies readonly BlockAbi[]).map((abi) =>
    check(
      'backend/vbd',
      'XSA-216',
      async (stand) => {
        const peer = await stand.connect({abi});
        const {gref} = peer.page();
        const {slot} = blockLayouts[abi];
        for (const request of [
          read(0, [{gref}]),
          write(0, [{gref}]),
          {operation: BLK_OP.flush},
          {operation: BLK_OP.discard, discardSectors: 8n},
          {operation: 99},
        ]) {
          const at = HEADER_BYTES + peer.reqProd * slot;
          peer.put(request);
          const before = peer.ring.bytes.slice(at, at + slot);
          await stand.exchange();
          const after = peer.ring.bytes.subarray(at, at + slot);
          const leak = after.findIndex(
            (byte, i) => (i === 9 || i >= RESPONSE_BYTES) && byte !== 0 && byte !== before[i],
          );
          stand.must(leak < 0, () => `byte ${leak} of a response is ${after[leak]}`, 'padding is 0 or stays');
        }
      },
      {
        variant: abi,
        mutants: [leaksInto('the padding of a response', backWords.ownProd, HEADER_BYTES + RESPONSE_BYTES)],
      },
    ),
  ),
  check(
    'backend/vbd',
    'XSA-229',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted'});
      // References that follow each other, frames that do not.
      const pages = Array.from({length: 6}, () => peer.page());
      const scattered = [0, 3, 1, 4, 2].map((i) => pages[i]);
      const regranted = scattered.map((page) => peer.regrant(page));
      const bytes = scattered.map((page, i) => fillPage(page, i + 1));
      await mustAnswer(stand, [
        {
          what: 'a write',
          request: write(
            0,
            regranted.map((gref) => ({gref})),
          ),
          due: OKAY,
        },
      ]);
      bytes.forEach((due, i) =>
        stand.must(
          sameBytes(stand.scriptedDisk.bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES), due),
          `page ${i} of the disk is of another frame`,
          'the frames that were granted',
        ),
      );
    },
    {mutants: [joinsByReference]},
  ),
  check(
    'backend/vbd',
    'XSA-362',
    async (stand) => {
      const peer = await stand.connect();
      const [writable, readonly] = [peer.page(), peer.page({readonly: true})];
      const bad: BlockSegment[] = [{gref: NO_GRANT}, {gref: 0xffff_ffff}, {gref: readonly.gref}];
      await mustAnswer(
        stand,
        bad.map((segment) => ({
          what: `reference ${segment.gref}`,
          request: read(0, [{gref: writable.gref}, segment]),
          due: REFUSED,
        })),
      );
      await mustStand(stand);
    },
    {mutants: [throwsOnRefusal]},
  ),
  check(
    'backend/vbd',
    'XSA-365',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted'});
      const {gref} = peer.page({fill: SECRET});
      for (const bad of [0, 1, 10, 11, 12, 31]) {
        const segments = Array.from({length: SEGMENTS}, (_, i) => ({gref: i === bad ? NO_GRANT : gref}));
        await mustAnswer(stand, [
          {what: `segment ${bad} is not granted`, request: indirect(stand, BLK_OP.write, 0, segments), due: REFUSED},
        ]);
      }
      stand.must(
        stand.scriptedDisk.bytes.every((byte) => byte === 0),
        'the disk was written',
        'nothing is',
      );
      await mustStand(stand);
    },
    {mutants: [forgetsEarlyRefusal, keepsHalfBatches]},
  ),
  check(
    'backend/vbd',
    'XSA-371',
    async (stand) => {
      await stand.attach();
      await stand.arrives(2);
      const peer = await stand.meet({'feature-persistent': '1'});
      const pages = Array.from({length: 8}, () => peer.page());
      await mustAnswer(
        stand,
        pages.map(({gref}) => ({what: 'a read', request: read(0, [{gref}]), due: OKAY})),
      );
      const segments = [pages[0].gref, pages[1].gref, NO_GRANT, pages[2].gref].map((gref) => ({gref}));
      await mustAnswer(stand, [{what: 'a page that is not granted', request: read(0, segments), due: REFUSED}]);
      await stand.disconnect();
      stand.must(stand.mappings === 0, () => `${stand.mappings} pages are mapped`, 'none after the end');
    },
    {mutants: [keepsMappings]},
  ),
  check(
    'backend/vbd',
    'XSA-513',
    async (stand) => {
      const peer = await stand.connect();
      const [page, guard] = [peer.page(), peer.page({fill: SECRET})];
      const {gref} = page;
      const edges = [0, 7, 8, 9, 127, 128, 255];
      const sweeps = edges
        .flatMap((first) => edges.map((last) => ({gref, first, last})))
        .filter(({first, last}) => last > 7 || first > last);
      const many = Array.from({length: 11}, () => ({gref}));
      for (const operation of dataOperations) {
        await mustAnswer(
          stand,
          sweeps.map((segment) => ({
            what: `operation ${operation}, sectors ${segment.first}..${segment.last}`,
            request: {operation, segments: [segment]},
            due: REFUSED,
          })),
        );
        await mustAnswer(
          stand,
          [12, 13, 31, 32, 33, 255].map((nrSegments) => ({
            what: `operation ${operation}, ${nrSegments} segments`,
            request: {operation, segments: many, nrSegments},
            due: REFUSED,
          })),
        );
      }
      stand.must(
        guard.bytes.every((byte) => byte === SECRET),
        'another page was written',
        'it stays as it is',
      );
      await mustStand(stand);
    },
    {seeds: 1, mutants: [clampsSectors, clampsSegments, answersOkay]},
  ),
];
