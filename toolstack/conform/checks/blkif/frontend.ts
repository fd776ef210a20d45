import {check, type Check} from '../../check.ts';
import {misreadsWord, SLOT} from '../../mutants/blkif.ts';
import {keepsGrants} from '../../mutants/leaks.ts';
import {frontWords} from '../../mutants/ring.ts';
import {neverRearms} from '../../mutants/ring-notify.ts';
import {trustsOrder} from '../../mutants/ring-trust.ts';
import {backState, deafAfter, frontState, readsInstead} from '../../mutants/store.ts';
import type {BlockBackendPeer, TakenRequest} from '../../peers/block-backend.ts';

const SLOT_BYTES = 112;
const PAGE_BYTES = 4096;
const SECTOR_BYTES = 512;

/** What a disk holds that is of another byte on each page. */
const serveByPage = (peer: BlockBackendPeer, requests: readonly TakenRequest[]): void => {
  for (const request of requests) peer.serve(request, Number(request.sector / 8n) + 1);
  peer.push();
};

/** Answers that no request has asked for: how a response differs from what is due. */
const wrongAnswers: readonly ((request: TakenRequest) => readonly [id: bigint, operation: number])[] = [
  ({id}) => [id, 1],
  ({id}) => [id, 255],
  ({id, operation}) => [id + 1n, operation],
  ({id, operation}) => [id + 2n ** 40n, operation],
];

export const frontendChecks: readonly Check[] = [
  check(
    'frontend/vbd',
    'BLKIF-REQ-02',
    async (stand) => {
      const peer = await stand.connect();
      const done: number[] = [];
      const reads = [0, 1, 2, 3].map(async (page) => {
        const bytes = await stand.disk.read(page * PAGE_BYTES, PAGE_BYTES);
        done.push(page);
        return bytes;
      });
      await stand.settle();
      for (const request of peer.take().toReversed()) {
        serveByPage(peer, [request]);
        await stand.settle();
      }
      stand.must(
        done.join() === '3,2,1,0',
        `reads are done in the order ${done.join()}`,
        '3,2,1,0, as they were answered',
      );
      const all = await stand.within(Promise.all(reads), 'reads that were answered are done');
      all.forEach((bytes, page) =>
        stand.must(
          bytes.every((byte) => byte === page + 1),
          `page ${page} has the bytes of ${bytes[0] - 1}`,
          'its own, whatever the order of answers',
        ),
      );
    },
    {mutants: [trustsOrder(SLOT_BYTES)]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-REQ-08',
    async (stand) => {
      const peer = await stand.connect({'sector-size': '4096'});
      const done = Promise.allSettled([
        stand.disk.read(8192, 12288),
        stand.disk.read(512, 512),
        stand.disk.write(4096, new Uint8Array(4096)),
        stand.disk.write(0, new Uint8Array(1024)),
      ]);
      await stand.settle();
      const requests = peer.take();
      if (requests.length === 0) stand.inconclusive('the driver asks nothing');
      for (const {sector, segments} of requests) {
        const isAligned = sector % 8n === 0n && segments.every(({first, last}) => first % 8 === 0 && last % 8 === 7);
        stand.must(
          isAligned,
          () => `sector ${sector}, segments ${segments.map(({first, last}) => `${first}..${last}`).join()}`,
          'whole sectors of 4096 bytes',
        );
        peer.serve({...requests[0], ...requests.find((each) => each.sector === sector)}, 0);
      }
      peer.push();
      await stand.serveAll();
      await stand.within(done, 'all ends');
    },
    {mutants: [readsInstead('does not look at sector-size', 'sector-size', () => '512')]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-REQ-20',
    async (stand) => {
      const peer = await stand.connect();
      stand.ask(1);
      await stand.settle();
      const [request] = peer.take();
      const handle = peer.map(request.segments[0].gref);
      peer.respond(request.id, request.operation);
      peer.push();
      await stand.settle();
      stand.must(stand.guestLives, 'the guest has crashed', 'only the device is lost');
      stand.must(await stand.isDisabled(), 'the device goes on', 'a backend that keeps pages mapped is not trusted');
      stand.must(
        peer.map(request.segments[0].gref) >= 0,
        'the page is granted no more',
        'it stays so while it is mapped',
      );
      peer.unmap(handle);
    },
    {mutants: [keepsGrants]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-REQ-21',
    async (stand) => {
      const peer = await stand.connect();
      for (const status of [-1, -2, 1, -100]) {
        const asked = stand.ask(1);
        await stand.settle();
        const [request] = peer.take();
        peer.respond(request.id, request.operation, status);
        peer.push();
        await stand.settle();
        stand.must(asked.failed === 1, `a read with status ${status} is done`, 'it fails');
      }
      stand.must(await stand.reads(), 'a read failed', 'the device goes on');
    },
    {mutants: [misreadsWord('does not look at status', SLOT.responseStatus, (word) => word & 0xffff)]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-REQ-22',
    async (stand) => {
      const peer = await stand.connect();
      stand.ask(1);
      await stand.settle();
      const [request] = peer.take();
      const wrong = wrongAnswers[stand.choose(wrongAnswers.length)];
      peer.respond(...wrong(request));
      peer.push();
      await stand.settle();
      stand.must(stand.guestLives, 'the guest has crashed', 'only the device is lost');
      stand.must(
        await stand.isDisabled(),
        `${wrong(request).join()} is taken for ${request.id},${request.operation}`,
        'the device is disabled',
      );
    },
    {
      orders: wrongAnswers.length,
      mutants: [
        trustsOrder(SLOT_BYTES),
        misreadsWord('does not look at the operation', SLOT.responseStatus, (word) => word & ~0xff),
        misreadsWord('knows the lower half of ids', SLOT.responseIdHigh, () => 0),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'BLKIF-REQ-23',
    async (stand) => {
      await stand.connect();
      const asked = stand.ask(100);
      await stand.settle();
      stand.must(
        await stand.serveUntil(() => asked.done === 100),
        () => `${asked.done} of 100 reads are done`,
        'what found the ring full goes on later',
      );
    },
    {mutants: [neverRearms(frontWords)]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-DYN-02',
    async (stand) => {
      const {ringRef} = await stand.connect();
      for (const sectors of ['4096', '1024']) {
        await stand.publish({sectors});
        await stand.setState(4);
        await stand.settle();
        const sizeBytes = await stand.diskBytes;
        stand.must(
          sizeBytes === Number(sectors) * SECTOR_BYTES,
          `the disk has ${sizeBytes} bytes`,
          `${sectors} sectors`,
        );
      }
      stand.must((await stand.state) === 4, `the frontend is in state ${await stand.state}`, 'no new connection');
      stand.must(
        (await stand.read(`${stand.frontPath(stand.devid)}/ring-ref`)) === String(ringRef),
        'another ring',
        'the same',
      );
      stand.must(await stand.reads(), 'a read failed', 'the device goes on');
    },
    {
      mutants: [
        deafAfter(frontState, 4, backState),
        readsInstead('keeps the size that it read first', 'sectors', () => '2048'),
      ],
    },
  ),
];
