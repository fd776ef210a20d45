import {check, type Check} from '../../check.ts';
import {miswritesWord, readsOff, SLOT, writesOff} from '../../mutants/blkif.ts';
import {readsInstead} from '../../mutants/store.ts';
import {BLK_OP, type BlockAbi, blockLayouts} from '../../peers/block-frontend.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';
import {fillPage, indirect, mustAnswer, OKAY, read, sameBytes, SECTOR_BYTES, write} from './answers.ts';

const abis = ['x86_64', 'x86_32'] as const satisfies readonly BlockAbi[];
const HEADER_BYTES = 64;
const PAGE_BYTES = 4096;
const ID = 0x1122_3344_5566_7788n;

/** Which clause has the layout of an ABI's requests. */
const requestClause = {x86_64: 'BLKIF-LAY-01', x86_32: 'BLKIF-LAY-02'} as const;

/** Takes requests for those of the other ABI. */
const otherAbi = (abi: BlockAbi): ReturnType<typeof readsInstead> =>
  readsInstead('takes requests for those of the other ABI', 'protocol', () =>
    abi === 'x86_64' ? 'x86_32-abi' : 'x86_64-abi',
  );

/** What was written is found on the disk, at its place. */
const mustHold = (stand: VbdBackendStand, sector: number, due: Uint8Array): void => {
  const at = sector * SECTOR_BYTES;
  const bytes = stand.scriptedDisk.bytes.subarray(at, at + due.length);
  stand.must(sameBytes(bytes, due), `the disk has other bytes at sector ${sector}`, 'what the segments name');
};

/** Writes 11 segments of a sector each, every one of another page and another place in it. */
const writesEleven = async (stand: VbdBackendStand): Promise<void> => {
  const pages = Array.from({length: 11}, () => stand.peer.page());
  const pieces = pages.map((page, i) => {
    const bytes = fillPage(page, i + 1);
    const first = i % 8;
    return {segment: {gref: page.gref, first, last: first}, bytes: bytes.subarray(first * SECTOR_BYTES).slice(0, 512)};
  });
  const request = write(
    40,
    pieces.map(({segment}) => segment),
  );
  await mustAnswer(stand, [{what: 'a write of 11 segments', request, due: OKAY}]);
  pieces.forEach(({bytes}, i) => mustHold(stand, 40 + i, bytes));
};

const pieces = (length: number): Uint8Array => Uint8Array.from({length}, (_, i) => ((i >> 9) * 13 + i) & 0xff);

/** Writes the bytes and looks at the requests that come of it: a driver may make several. */
const mustSend = async (stand: VbdFrontendStand, offset: number, data: Uint8Array): Promise<void> => {
  const {peer} = stand;
  const done = stand.disk.write(offset, data);
  await stand.settle();
  const due = 'the request in the layout that its protocol node names';
  const bytes: number[] = [];
  for (const request of peer.take()) {
    const operation = request.indirect?.operation ?? request.operation;
    stand.must(operation === BLK_OP.write, `operation ${operation}`, due);
    const sector = (offset + bytes.length) / SECTOR_BYTES;
    stand.must(request.sector === BigInt(sector), `sector_number ${request.sector}`, due);
    for (const {gref, first, last} of request.segments)
      bytes.push(...(peer.bytesOf(gref)?.subarray(first * SECTOR_BYTES, (last + 1) * SECTOR_BYTES) ?? []));
    peer.serve(request, 0);
  }
  stand.must(sameBytes(Uint8Array.from(bytes), data), `${bytes.length} bytes that are not those`, due);
  peer.push();
  await stand.within(done, 'the write ends');
};

const slotOf = (abi: BlockAbi): number => blockLayouts[abi].slot;

/** A frontend that offers discard, indirect requests and flush to look at. */
const everything = {
  'feature-discard': '1',
  'discard-granularity': '512',
  'discard-alignment': '0',
  'feature-flush-cache': '1',
  'feature-barrier': '1',
  'feature-max-indirect-segments': '32',
} as const;

export const layoutChecks: readonly Check[] = abis
  .flatMap((abi): Check[] => [
    check(
      'backend/vbd',
      requestClause[abi],
      async (stand) => {
        await stand.connect({abi, target: 'scripted'});
        await writesEleven(stand);
      },
      {mutants: [otherAbi(abi), readsOff(blockLayouts[abi].seg, -4, slotOf(abi))]},
    ),
    check(
      'frontend/vbd',
      requestClause[abi],
      async (stand) => {
        await stand.connect();
        if (stand.peer.abi !== abi) stand.inconclusive(`the driver does not speak ${abi}`);
        await mustSend(stand, 20 * SECTOR_BYTES, pieces(3 * PAGE_BYTES + 1024));
        await mustSend(stand, 0, pieces(SECTOR_BYTES));
      },
      {abi, mutants: [writesOff(blockLayouts[abi].sector, 4, slotOf(abi))]},
    ),
    check(
      'backend/vbd',
      'BLKIF-LAY-03',
      async (stand) => {
        const peer = await stand.connect({abi});
        const page = peer.page();
        // The second slot shows how long a slot is.
        for (let i = 0; i < 2; i++) {
          const index = peer.reqProd;
          peer.put({...read(0, [{gref: page.gref}]), id: ID});
          await stand.exchange();
          const at = HEADER_BYTES + index * slotOf(abi);
          const {view} = peer.ring;
          const seen = [
            view.getBigUint64(at, true),
            BigInt(view.getUint8(at + 8)),
            BigInt(view.getInt16(at + 10, true)),
          ];
          stand.must(
            seen.join() === [ID, 0n, 0n].join(),
            `id, operation and status ${seen.join()}`,
            `${ID} at byte 0, 0 at 8, 0 at 10`,
          );
        }
        await mustAnswer(stand, [{what: 'a read of nothing', request: read(0, []), due: [-1]}]);
      },
      {variant: abi, mutants: [otherAbi(abi), writesOff(8, 4, slotOf(abi))]},
    ),
    check(
      'frontend/vbd',
      'BLKIF-LAY-03',
      async (stand) => {
        const peer = await stand.connect();
        if (peer.abi !== abi) stand.inconclusive(`the driver does not speak ${abi}`);
        for (const status of [0, -1, 0]) {
          const asked = stand.ask(1);
          await stand.settle();
          const [{id, operation}] = peer.take();
          peer.respond(id, operation, status);
          peer.push();
          await stand.settle();
          const seen = asked.done === 1 ? 0 : asked.failed === 1 ? -1 : undefined;
          stand.must(seen === status, `status ${status} is taken for ${seen}`, 'status is at byte 10');
        }
      },
      {variant: abi, abi, mutants: [readsOff(8, 4, slotOf(abi))]},
    ),
    check(
      'backend/vbd',
      'BLKIF-LAY-04',
      async (stand) => {
        await stand.connect({abi, target: 'scripted'});
        const {bytes} = stand.scriptedDisk;
        bytes.fill(0xff);
        const response = await stand.request({operation: BLK_OP.discard, id: ID, sector: 16n, discardSectors: 8n});
        if (response?.status === -2) stand.inconclusive('the backend does not discard');
        stand.must(response?.id === ID && response.status === 0, `status ${response?.status}`, 'status 0');
        const at = bytes.findIndex((byte, i) => byte !== (i >> 9 >= 16 && i >> 9 < 24 ? 0 : 0xff));
        stand.must(at < 0, `byte ${at} of the disk is ${bytes[at]}`, 'sectors 16..23 are discarded');
      },
      {variant: abi, mutants: [otherAbi(abi), readsOff(blockLayouts[abi].seg, 4, slotOf(abi))]},
    ),
    check(
      'frontend/vbd',
      'BLKIF-LAY-04',
      async (stand) => {
        const peer = await stand.connect(everything);
        if (peer.abi !== abi) stand.inconclusive(`the driver does not speak ${abi}`);
        void stand.disk.discard(8192, 4096).catch(() => undefined);
        await stand.settle();
        const [request] = peer.take();
        if (request === undefined) stand.inconclusive('the driver does not discard');
        const seen = [request.operation, request.nrSegments, request.sector, request.discardSectors].join();
        stand.must(seen === '5,0,16,8', `operation, flag, sector and number ${seen}`, '5,0,16,8');
      },
      {variant: abi, abi, mutants: [writesOff(blockLayouts[abi].seg, 4, slotOf(abi))]},
    ),
    check(
      'backend/vbd',
      'BLKIF-LAY-05',
      async (stand) => {
        await stand.connect({abi, target: 'scripted'});
        const page = stand.peer.page();
        const bytes = fillPage(page, 3);
        const request = {...indirect(stand, BLK_OP.write, 24, [{gref: page.gref}]), id: ID};
        const response = await stand.request(request);
        if (response?.status === -2) stand.inconclusive('the backend does not take indirect requests');
        stand.must(
          response?.id === ID && response.status === 0,
          `id ${response?.id}, status ${response?.status}`,
          `id ${ID}, status 0`,
        );
        mustHold(stand, 24, bytes);
      },
      {variant: abi, mutants: [otherAbi(abi), readsOff(blockLayouts[abi].grefs, 4, slotOf(abi))]},
    ),
    check(
      'frontend/vbd',
      'BLKIF-LAY-05',
      async (stand) => {
        const peer = await stand.connect(everything);
        if (peer.abi !== abi) stand.inconclusive(`the driver does not speak ${abi}`);
        const handle = 51712 & 0xffff;
        const done = stand.disk.write(0, pieces(20 * PAGE_BYTES));
        await stand.settle();
        const [request] = peer.take();
        if (request.indirect === undefined) return stand.inconclusive('the driver makes no indirect requests');
        const {operation, nrSegments, handle: named} = request.indirect;
        stand.must(
          operation === BLK_OP.write && nrSegments === 20 && named === handle,
          `indirect_op ${operation}, nr_segments ${nrSegments}, handle ${named}`,
          `1, 20, ${handle}`,
        );
        peer.serve(request, 0);
        peer.push();
        await stand.within(done, 'the write ends');
      },
      {variant: abi, abi, mutants: [writesOff(blockLayouts[abi].handle, 4, slotOf(abi))]},
    ),
    check(
      'backend/vbd',
      'BLKIF-LAY-06',
      async (stand) => {
        await stand.connect({abi, target: 'scripted'});
        const pages = Array.from({length: 24}, () => stand.peer.page());
        const wholes = pages.map((page, i) => fillPage(page, i));
        const segments = pages.map(({gref}, i) => ({gref, first: i % 8, last: 7}));
        const response = await stand.request({...indirect(stand, BLK_OP.write, 0, segments), id: ID});
        if (response?.status === -2) stand.inconclusive('the backend does not take indirect requests');
        stand.must(response?.status === 0, `status ${response?.status}`, 'status 0');
        let sector = 0;
        wholes.forEach((bytes, i) => {
          mustHold(stand, sector, bytes.subarray((i % 8) * SECTOR_BYTES));
          sector += 8 - (i % 8);
        });
      },
      {variant: abi, mutants: [otherAbi(abi), readsOff(blockLayouts[abi].sector, 4, slotOf(abi))]},
    ),
    check(
      'frontend/vbd',
      'BLKIF-LAY-06',
      async (stand) => {
        const peer = await stand.connect(everything);
        if (peer.abi !== abi) stand.inconclusive(`the driver does not speak ${abi}`);
        await mustSend(stand, 0, pieces(20 * PAGE_BYTES + 1024));
      },
      {variant: abi, abi, mutants: [writesOff(blockLayouts[abi].grefs, 4, slotOf(abi))]},
    ),
    check(
      'frontend/vbd',
      'BLKIF-NEG-13',
      async (stand) => {
        await stand.connect();
        const protocol = await stand.read(`${stand.frontPath(stand.devid)}/protocol`);
        if (protocol !== `${abi}-abi`) stand.inconclusive(`the driver says ${protocol}`);
        await mustSend(stand, 8 * SECTOR_BYTES, pieces(PAGE_BYTES));
      },
      {variant: abi, abi, mutants: [writesOff(blockLayouts[abi].id, 4, slotOf(abi))]},
    ),
    check(
      'backend/vbd',
      'BLKIF-NEG-13',
      async (stand) => {
        await stand.connect({abi, target: 'scripted'});
        const page = stand.peer.page();
        const bytes = fillPage(page, 9);
        for (let i = 0; i < 3; i++) {
          const request = write(8 * i, [{gref: page.gref}]);
          await mustAnswer(stand, [{what: 'a write', request, due: OKAY}]);
          mustHold(stand, 8 * i, bytes);
        }
      },
      {variant: abi, mutants: [otherAbi(abi)]},
    ),
  ])
  .concat([
    check(
      'frontend/vbd',
      'BLKIF-LAY-07',
      async (stand) => {
        const peer = await stand.connect(everything);
        const {disk} = stand;
        void Promise.allSettled([
          disk.write(0, pieces(PAGE_BYTES)),
          disk.read(0, 20 * PAGE_BYTES),
          disk.discard(0, PAGE_BYTES),
          disk.flush(),
        ]);
        for (let i = 0; i < 4; i++) {
          await stand.settle();
          for (const request of peer.take()) {
            stand.must(request.operation !== 4, 'operation 4', 'it is reserved');
            peer.serve(request, 0);
          }
          peer.push();
        }
      },
      {
        mutants: [
          miswritesWord('flushes by operation 4', SLOT.head, (word) =>
            (word & 0xff) === 3 ? (word & ~0xff) | 4 : word,
          ),
        ],
      },
    ),
  ]);
