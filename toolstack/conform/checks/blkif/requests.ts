import {check, type Check} from '../../check.ts';
import {answersOkay, fillsPagesLate, misreadsWord, miswritesWord, SLOT, takesOperation} from '../../mutants/blkif.ts';
import {keepsMappings} from '../../mutants/leaks.ts';
import {backWords, ignoresImpossible, overpublishes} from '../../mutants/ring.ts';
import {BLK_OP} from '../../peers/block-frontend.ts';
import {fillPage, indirect, mustAnswer, OKAY, read, REFUSED_OR_UNKNOWN, sameBytes, write} from './answers.ts';

const SLOTS = 32;
const CANARY = 0x5c;
const RSP_PROD = 8;

const ids = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, 0x0123_4567_89ab_cdefn];
const unknownOperations = [4, 7, 8, 100, 255];

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
      const {gref} = peer.page();
      await mustAnswer(stand, [{what: 'a read', request: read(0, [{gref}, {gref}, {gref}]), due: OKAY}]);
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
