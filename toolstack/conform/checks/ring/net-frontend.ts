import {check, type Check} from '../../check.ts';
import {frontWords, ignoresImpossible, overpublishes, writesPeerWord} from '../../mutants/ring.ts';
import {publishesRaw} from '../../mutants/ring-layout.ts';
import {alwaysNotifies, neverNotifies, takesOneAnEvent} from '../../mutants/ring-notify.ts';
import {frameFromGuest, frameToGuest} from '../../peers/frames.ts';
import {needsNotify, type SharedRingPage} from '../../peers/shared-ring-page.ts';
import type {VifFrontendStand} from '../../stand/vif-frontend.ts';

const SLOTS = 256;
const HEADER_BYTES = 64;
/** More than the ring has slots. */
const FRAMES = 300;
/** How far ahead of the next request the backend asks for an event. */
const THRESHOLDS = [0, 1, 2, 3, 100, -1, -100];

const frames = (count: number): Uint8Array[] => Array.from({length: count}, (_, i) => frameFromGuest(60, i));

const outstanding = (page: Uint32Array): number => (page[0] - page[2]) >>> 0;

/** Sends two frames with each threshold: whether an event was due, and how many came. */
const trials = async (stand: VifFrontendStand): Promise<{isDue: boolean; events: number; what: string}[]> => {
  const peer = await stand.connect();
  const seen = [];
  for (const ahead of THRESHOLDS) {
    const from = peer.tx.reqProd;
    peer.tx.reqEvent = from + ahead;
    const before = peer.txEvents;
    await stand.ask((nic) => nic.send(...frames(2)));
    await stand.settle();
    const isDue = needsNotify(from, peer.tx.reqProd, from + ahead);
    seen.push({
      isDue,
      events: peer.txEvents - before,
      what: `req_prod ${from} to ${peer.tx.reqProd}, event ${ahead} ahead`,
    });
    for (const {id} of peer.takeTx()) peer.respondTx(id);
    peer.pushTx();
    await stand.settle();
  }
  return seen;
};

/** The backend publishes an index that cannot be; the device is lost, and nothing else. */
const mustDisable = async (stand: VifFrontendStand, publish: () => void): Promise<void> => {
  publish();
  stand.peer.notifyTx();
  stand.peer.notifyRx();
  await stand.settle();
  stand.must(stand.guestLives, 'the guest has crashed', 'only the device is lost');
  stand.must(await stand.isDisabled(), 'the device goes on', 'it is disabled');
};

/** The rules about rings, at those of a network frontend. */
export const netFrontendRingChecks: readonly Check[] = [
  check(
    'frontend/vif',
    'RING-LAY-05',
    async (stand) => {
      await stand.attach();
      await stand.setState(2);
      const {tx, rx} = await stand.meet();
      const must = (ring: SharedRingPage, holds: boolean): void =>
        stand.must(
          holds && ring.bytes.subarray(16, HEADER_BYTES).every((byte) => byte === 0),
          () => String(ring),
          'rsp_prod 0, req_event and rsp_event 1, req_prod as posted, all else of the header 0',
        );
      must(tx, tx.reqProd === 0 && tx.rspProd === 0 && tx.reqEvent === 1 && tx.rspEvent === 1);
      must(rx, rx.reqProd <= SLOTS && rx.rspProd === 0 && rx.reqEvent === 1 && rx.rspEvent === 1);
    },
    {mutants: [publishesRaw(12, 0), publishesRaw(4, 0), publishesRaw(32, 7)]},
  ),
  check(
    'frontend/vif',
    'RING-IDX-02',
    async (stand) => {
      const peer = await stand.connect();
      // Programs may be held up until there is room.
      const sent = stand.ask((nic) => nic.send(...frames(FRAMES)));
      await stand.settle(3e9);
      for (const [name, ring] of Object.entries({tx: peer.tx, rx: peer.rx})) {
        const count = (ring.reqProd - ring.rspProd) >>> 0;
        stand.must(count <= SLOTS, `${count} ${name} requests are outstanding`, `at most ${SLOTS}`);
      }
      for (let i = 0; i < 2; i++) {
        for (const {id} of peer.takeTx()) peer.respondTx(id);
        peer.pushTx();
        await stand.settle();
      }
      await sent;
      for (const {id} of peer.takeTx()) peer.respondTx(id);
      peer.pushTx();
      await stand.settle();
      stand.must(await stand.works(), 'a frame does not pass', 'the device goes on when there is room');
    },
    {seeds: 1, mutants: [overpublishes(frontWords, 8)]},
  ),
  check(
    'frontend/vif',
    'RING-IDX-04',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 3; i++) {
        const before = [peer.tx.rspProd, peer.tx.reqEvent, peer.rx.rspProd, peer.rx.reqEvent];
        await stand.ask((nic) => nic.send(frameFromGuest(60, i)));
        await stand.settle();
        const after = [peer.tx.rspProd, peer.tx.reqEvent, peer.rx.rspProd, peer.rx.reqEvent];
        stand.must(String(after) === String(before), `${after.join()} for ${before.join()}`, "they are the backend's");
        for (const {id} of peer.takeTx()) peer.respondTx(id);
        peer.pushTx();
        await stand.settle();
      }
    },
    {mutants: [writesPeerWord('rsp_prod', frontWords, 8), writesPeerWord('req_event', frontWords, 4)]},
  ),
  ...(['tx', 'rx'] as const).map((name) =>
    check(
      'frontend/vif',
      'RING-IDX-09',
      async (stand) => {
        const peer = await stand.connect();
        await stand.sends(...frames(2));
        const ring = peer[name];
        const beyond = [SLOTS + 1, 2 ** 31, -1][stand.choose(3)];
        await mustDisable(stand, () => (ring.rspProd = ring.rspProd + beyond));
      },
      {variant: name, orders: 3, mutants: [ignoresImpossible(frontWords, outstanding)]},
    ),
  ),
  check(
    'frontend/vif',
    'RING-NTF-01',
    async (stand) => {
      for (const {isDue, events, what} of await trials(stand))
        stand.must(!isDue || events > 0, `no event: ${what}`, 'an event, as the threshold was crossed');
    },
    {mutants: [neverNotifies]},
  ),
  check(
    'frontend/vif',
    'RING-NTF-02',
    async (stand) => {
      for (const {isDue, events, what} of await trials(stand))
        stand.must(isDue || events === 0, `${events} events: ${what}`, 'none, as the threshold was not crossed');
    },
    {mutants: [alwaysNotifies(frontWords)]},
  ),
  check(
    'frontend/vif',
    'RING-NTF-06',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 3; i++) peer.fillRx(frameToGuest(60, i));
      const {length} = await stand.receives();
      stand.must(length === 3, `the guest gets ${length} of 3 frames`, 'all, though there was one event');
    },
    {mutants: [takesOneAnEvent(frontWords)]},
  ),
];
