import {check, type Check} from '../../check.ts';
import {
  backWords,
  fillsNextSlot,
  frontWords,
  ignoresImpossible,
  narrowIndexes,
  overpublishes,
  servesImpossible,
  writesPeerWord,
} from '../../mutants/ring.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';

const SLOTS = 32;
const SLOT_BYTES = 112;
const HEADER_BYTES = 64;
/** So far before the wrap that the traffic of a check goes over it. */
const NEAR_WRAP = 2 ** 32 - 20;
const MESSAGES = 40;

/** Beyond the last index that makes sense: one more, half the number range, one back. */
const impossible = [SLOTS + 1, 2 ** 31, -1];

/** Nothing was answered, nothing of the slots looked at. */
const mustNotServe = async (stand: VbdBackendStand, reqProd: number): Promise<void> => {
  const {peer, spy} = stand;
  const answered = peer.ring.rspProd;
  const {accesses, stop} = spy.record();
  peer.publish(reqProd);
  peer.notify();
  await stand.settle();
  stop();
  const due = 'nothing of such a ring is served: req_prod is not possible';
  stand.must(peer.ring.rspProd === answered, () => `rsp_prod went from ${answered} to ${peer.ring.rspProd}`, due);
  const slot = accesses.find(({offset}) => offset >= HEADER_BYTES);
  stand.must(slot === undefined, () => `the backend ${slot?.kind}s byte ${slot?.offset} of the ring`, due);
};

/** The device is given up, the guest is not. */
const mustDisable = async (stand: VbdFrontendStand, rspProd: number): Promise<void> => {
  stand.peer.publish(rspProd);
  stand.peer.notify();
  await stand.settle();
  stand.must(stand.guestLives, 'the guest has crashed', 'only the device is lost');
  stand.must(await stand.isDisabled(), 'a read succeeds', 'rsp_prod is not possible: the device is disabled');
};

const outstanding = (page: Uint32Array, answered: number): number => (page[0] - answered) >>> 0;

export const ringIndexChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'RING-IDX-01',
    async (stand) => {
      await stand.connect({start: NEAR_WRAP});
      for (let i = 0; i < MESSAGES; i++)
        stand.must(await stand.serves(), `request ${i} is not answered`, 'indexes wrap at 2^32');
    },
    {mutants: [narrowIndexes(backWords)]},
  ),
  check(
    'frontend/vbd',
    'RING-IDX-01',
    async (stand) => {
      const {ring} = await stand.connect();
      if (ring.reqProd !== NEAR_WRAP) stand.inconclusive('the driver starts its ring elsewhere than asked');
      for (let i = 0; i < MESSAGES; i++) stand.must(await stand.reads(), `read ${i} failed`, 'indexes wrap at 2^32');
    },
    {ringStart: NEAR_WRAP, mutants: [narrowIndexes(frontWords)]},
  ),
  check(
    'frontend/vbd',
    'RING-IDX-02',
    async (stand) => {
      const {ring} = await stand.connect();
      const asked = stand.ask(MESSAGES);
      await stand.settle();
      const count = (ring.reqProd - ring.rspProd) >>> 0;
      stand.must(count <= SLOTS, `${count} requests are outstanding`, `at most ${SLOTS}`);
      stand.must(
        await stand.serveUntil(() => asked.done === MESSAGES),
        () => `${asked.done} of ${MESSAGES} reads are done`,
        'what waited for room goes on',
      );
    },
    {mutants: [overpublishes(frontWords, 8)]},
  ),
  check(
    'frontend/vbd',
    'RING-IDX-04',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 3; i++) {
        stand.ask(1);
        await stand.settle();
        const {rspProd, reqEvent} = peer.ring;
        stand.must(rspProd === peer.rspProd, `rsp_prod became ${rspProd}`, "rsp_prod is the backend's");
        stand.must(reqEvent === peer.reqCons + 1, `req_event became ${reqEvent}`, "req_event is the backend's");
        await stand.serveAll();
      }
    },
    {
      mutants: [
        writesPeerWord('event threshold', frontWords, frontWords.peerEvent),
        writesPeerWord('producer index', frontWords, frontWords.peerProd),
      ],
    },
  ),
  check(
    'backend/vbd',
    'RING-IDX-05',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 3; i++) {
        peer.putRead(BigInt(i), peer.page());
        peer.push();
        await stand.settle();
        const {reqProd, rspEvent} = peer.ring;
        stand.must(reqProd === peer.reqProd, `req_prod became ${reqProd}`, "req_prod is the frontend's");
        stand.must(rspEvent === peer.rspCons + 1, `rsp_event became ${rspEvent}`, "rsp_event is the frontend's");
        peer.take();
      }
    },
    {
      mutants: [
        writesPeerWord('event threshold', backWords, backWords.peerEvent),
        writesPeerWord('producer index', backWords, backWords.peerProd),
      ],
    },
  ),
  check(
    'backend/vbd',
    'RING-IDX-06',
    async (stand) => {
      const peer = await stand.connect();
      const {accesses} = stand.spy.record();
      for (let i = 0; i < 8; i++) peer.putRead(BigInt(i), peer.page());
      await stand.exchange();
      const ahead = accesses.find(
        ({kind, offset, value}) => kind === 'write' && offset === backWords.ownProd && ((peer.reqProd - value) | 0) < 0,
      );
      stand.must(
        ahead === undefined,
        () => `rsp_prod ${ahead?.value}, req_prod ${peer.reqProd}`,
        'rsp_prod <= req_cons',
      );
      stand.must(peer.ring.rspProd === 8, () => `rsp_prod is ${peer.ring.rspProd}`, 'rsp_prod = 8');
    },
    {mutants: [overpublishes(backWords, 1)]},
  ),
  check(
    'backend/vbd',
    'RING-IDX-07',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < SLOTS; i++) peer.putRead(BigInt(100 + i), peer.page());
      const ids = (await stand.exchange()).map(({id}) => Number(id)).toSorted((a, b) => a - b);
      const due = Array.from({length: SLOTS}, (_, i) => 100 + i);
      stand.must(
        ids.join() === due.join(),
        `answers to ${ids.join()}`,
        'an answer overwrites no request that is not read',
      );
    },
    {mutants: [fillsNextSlot(SLOT_BYTES)]},
  ),
  check(
    'backend/vbd',
    'RING-IDX-08',
    async (stand) => {
      const peer = await stand.connect();
      const page = peer.page();
      for (let i = 0; i < SLOTS; i++) peer.putRead(BigInt(i), page);
      await mustNotServe(stand, peer.ring.rspProd + impossible[stand.choose(impossible.length)]);
    },
    {orders: impossible.length, mutants: [servesImpossible(backWords, () => SLOTS)]},
  ),
  check(
    'frontend/vbd',
    'RING-IDX-09',
    async (stand) => {
      const peer = await stand.connect();
      stand.ask(2);
      await stand.settle();
      peer.take();
      const beyond = [3, SLOTS + 1, 2 ** 31][stand.choose(3)];
      await mustDisable(stand, peer.rspProd + beyond);
    },
    {orders: 3, mutants: [ignoresImpossible(frontWords, outstanding)]},
  ),
  check(
    'backend/vbd',
    'RING-IDX-10',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 2; i++) stand.must(await stand.serves(), 'a read is not answered', 'it is');
      await mustNotServe(stand, peer.reqProd - 1);
    },
    {mutants: [servesImpossible(backWords, () => SLOTS)]},
  ),
  check(
    'frontend/vbd',
    'RING-IDX-10',
    async (stand) => {
      const peer = await stand.connect();
      stand.must(await stand.reads(), 'a read failed', 'a read is done');
      stand.ask(1);
      await stand.settle();
      await mustDisable(stand, peer.rspProd - 1);
    },
    {mutants: [ignoresImpossible(frontWords, outstanding)]},
  ),
  check(
    'backend/vbd',
    'RING-IDX-11',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 2; i++) peer.putRead(BigInt(i), peer.page());
      const answered: number[] = [];
      stand.spy.after = ({kind, offset, value}) => {
        if (kind === 'read' && offset === backWords.peerProd && value === peer.reqProd)
          peer.ring.reqProd = peer.reqProd + SLOTS + 1;
        if (kind === 'write' && offset === backWords.ownProd) answered.push(value);
      };
      peer.push();
      await stand.settle();
      const last = Math.max(0, ...answered);
      stand.must(last <= 2, `${last} requests are answered`, 'the two that the index first read covers');
    },
    {mutants: [servesImpossible(backWords, () => 2)]},
  ),
];
