import {check, type Check} from '../../check.ts';
import {backWords, frontWords} from '../../mutants/ring.ts';
import {
  attachesAtZero,
  initialisesIndexes,
  leaksInto,
  movesHeaderWord,
  publishesRaw,
  stridesBy,
  wrapsAfter,
} from '../../mutants/ring-layout.ts';

/** Of blkif in the x86_64 ABI, one page. */
const SLOTS = 32;
const SLOT_BYTES = 112;
const HEADER_BYTES = 64;
/** Bytes that mean something: of a response, and of a request with one segment. */
const RESPONSE_BYTES = 12;
const REQUEST_BYTES = 32;
const CANARY = 0xee;

export const ringLayoutChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'RING-LAY-01',
    async (stand) => {
      const {ring} = await stand.connect();
      stand.must(await stand.serves(), 'the request in the slot at byte 64 is not answered', 'slots start at byte 64');
      stand.must(ring.rspProd === 1, () => `byte 8 holds ${ring.rspProd}`, 'rsp_prod = 1 at byte 8');
      stand.must(ring.reqEvent === 2, () => `byte 4 holds ${ring.reqEvent}`, 'req_event = 2 at byte 4');
    },
    {mutants: [movesHeaderWord(backWords.ownProd), movesHeaderWord(backWords.ownEvent)]},
  ),
  check(
    'frontend/vbd',
    'RING-LAY-01',
    async (stand) => {
      const {ring} = await stand.connect();
      const due = ring.rspProd + 1;
      stand.must(await stand.reads(), 'a read failed', 'slots start at byte 64');
      stand.must(ring.reqProd === due, () => `byte 0 holds ${ring.reqProd}`, `req_prod = ${due} at byte 0`);
      stand.must(
        ring.rspEvent === due + 1,
        () => `byte 12 holds ${ring.rspEvent}`,
        `rsp_event = ${due + 1} at byte 12`,
      );
    },
    {mutants: [movesHeaderWord(frontWords.ownProd), movesHeaderWord(frontWords.ownEvent)]},
  ),
  check(
    'backend/vbd',
    'RING-LAY-02',
    async (stand) => {
      const peer = await stand.connect();
      const page = peer.page();
      for (let i = 0; i < 4; i++) peer.putRead(BigInt(i + 1), page);
      const ids = (await stand.exchange()).map(({id}) => Number(id)).toSorted((a, b) => a - b);
      stand.must(ids.join() === '1,2,3,4', `responses to ${ids.join() || 'nothing'}`, `slots of ${SLOT_BYTES} bytes`);
    },
    {mutants: [stridesBy(SLOT_BYTES, 108), stridesBy(SLOT_BYTES, 116)]},
  ),
  check(
    'frontend/vbd',
    'RING-LAY-02',
    async (stand) => {
      await stand.connect();
      for (let i = 0; i < 4; i++) stand.must(await stand.reads(), `read ${i} failed`, `slots of ${SLOT_BYTES} bytes`);
    },
    {mutants: [stridesBy(SLOT_BYTES, 108)]},
  ),
  check(
    'backend/vbd',
    'RING-LAY-03',
    async (stand) => {
      const peer = await stand.connect();
      const page = peer.page();
      for (let i = 0; i < SLOTS; i++) peer.putRead(BigInt(i), page);
      const ids = new Set((await stand.exchange()).map(({id}) => id));
      stand.must(ids.size === SLOTS, `${ids.size} of ${SLOTS} requests are answered`, `a page has ${SLOTS} slots`);
      stand.must(await stand.serves(), 'the request after the last slot is not answered', 'slot 0 comes after slot 31');
    },
    {mutants: [wrapsAfter(16, SLOT_BYTES)]},
  ),
  check(
    'frontend/vbd',
    'RING-LAY-03',
    async (stand) => {
      await stand.connect();
      for (let i = 0; i <= SLOTS; i++) stand.must(await stand.reads(), `read ${i} failed`, `a page has ${SLOTS} slots`);
    },
    {mutants: [wrapsAfter(16, SLOT_BYTES)]},
  ),
  check(
    'frontend/vbd',
    'RING-LAY-05',
    async (stand) => {
      await stand.attach();
      await stand.setState(2);
      const {ring} = await stand.meet();
      const due = 'req_prod = rsp_prod = 0, req_event = rsp_event = 1, all else of the header 0';
      stand.must(ring.reqProd === 0 && ring.rspProd === 0, () => String(ring), due);
      stand.must(ring.reqEvent === 1 && ring.rspEvent === 1, () => String(ring), due);
      const at = ring.bytes.subarray(16, HEADER_BYTES).findIndex((byte) => byte !== 0);
      stand.must(at < 0, () => `byte ${16 + at} is not 0`, due);
    },
    {mutants: [publishesRaw(12, 0), publishesRaw(4, 0), publishesRaw(0, 1), publishesRaw(32, 7)]},
  ),
  check(
    'backend/vbd',
    'RING-LAY-06',
    async (stand) => {
      await stand.attach({start: 7});
      const {ring} = stand.peer;
      const before = ring.bytes.slice();
      await stand.announce();
      if (!(await stand.until(async () => (await stand.state) === 4)))
        stand.inconclusive('the backend does not connect');
      // req_event is the backend's to set.
      const at = ring.bytes.findIndex((byte, i) => byte !== before[i] && (i < 4 || i >= 8));
      stand.must(
        at < 0,
        () => `byte ${at} of the ring was changed: ${String(ring)}`,
        'the ring stays as the frontend made it',
      );
    },
    {mutants: [initialisesIndexes]},
  ),
  check(
    'backend/vbd',
    'RING-LAY-07',
    async (stand) => {
      const peer = await stand.connect();
      peer.ring.bytes.fill(CANARY, HEADER_BYTES);
      stand.must(await stand.serves(), 'a read failed', 'a read is answered');
      const header = peer.ring.bytes.subarray(16, HEADER_BYTES).findIndex((byte) => byte !== 0);
      stand.must(
        header < 0,
        () => `byte ${16 + header} of the header was written`,
        'padding of the header stays as it was',
      );
      const slot = HEADER_BYTES + SLOT_BYTES;
      const at = peer.ring.bytes.subarray(slot).findIndex((byte) => byte !== CANARY);
      stand.must(at < 0, () => `byte ${slot + at} of an unused slot was written`, 'unused slots stay as they were');
      const padding = peer.ring.slot(0).getUint32(RESPONSE_BYTES, true);
      stand.must(
        padding === 0,
        () => `the response ends in 0x${padding.toString(16)}`,
        'padding of a response is 0 or untouched',
      );
    },
    {
      mutants: [
        leaksInto('the header', backWords.ownProd, 32),
        leaksInto('unused slots', backWords.ownProd, HEADER_BYTES + SLOT_BYTES + 8),
        leaksInto('the padding of a response', backWords.ownProd, HEADER_BYTES + RESPONSE_BYTES),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'RING-LAY-07',
    async (stand) => {
      const {ring} = await stand.connect();
      void stand.disk.read(0, 4096).catch(() => undefined);
      await stand.until(() => ring.reqProd !== ring.rspProd);
      const bytes = ring.bytes.slice();
      bytes.fill(0, 0, 16);
      for (let index = 0; index < ring.reqProd; index++) {
        const slot = HEADER_BYTES + (index % ring.slots) * ring.slotBytes;
        bytes.fill(0, slot, slot + REQUEST_BYTES);
      }
      const at = bytes.findIndex((byte) => byte !== 0);
      stand.must(
        at < 0,
        () => `byte ${at} holds ${bytes[at]}`,
        'padding, unused segments and unused slots hold nothing',
      );
    },
    {
      mutants: [
        leaksInto('the header', frontWords.ownProd, 32),
        leaksInto('unused segments', frontWords.ownProd, HEADER_BYTES + REQUEST_BYTES + 8),
        leaksInto('unused slots', frontWords.ownProd, HEADER_BYTES + SLOT_BYTES),
      ],
    },
  ),
  check(
    'backend/vbd',
    'RING-LAY-08',
    async (stand) => {
      await stand.attach({start: 1000});
      await stand.announce();
      const {ring} = stand.peer;
      const isConnected = await stand.until(async () => (await stand.state) === 4);
      stand.must(isConnected && (await stand.serves()), 'a ring in use is not served', 'service goes on at rsp_prod');
      stand.must(ring.rspProd === 1001, () => String(ring), 'rsp_prod = 1001 after one response');
    },
    {mutants: [attachesAtZero]},
  ),
];
