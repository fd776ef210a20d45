import {check, type Check} from '../../check.ts';
import {readsInstead} from '../../mutants/store.ts';
import {
  trustsScsiOrder,
  ignoresStillMapped,
  miswritesScsi,
  refusesLongSense,
  SCSI_WORD,
  writesAct,
} from '../../mutants/vscsi.ts';
import {SCSI_DIRECT_SEGMENTS, SCSI_INDIRECT} from '../../peers/scsi-frontend.ts';
import {CHECK_CONDITION, HOST, PAGE_BYTES} from './answers.ts';

const SLOTS = 16;
const SENSE_BYTES = 96;
const PATTERN = 0xa5;
const NS_PER_S = 1e9;
const TEST_UNIT_READY: readonly number[] = [0, 0, 0, 0, 0, 0];
const READ: readonly number[] = [0x28, 0, 0, 0, 0, 7, 0, 0, 8, 0];
/** More than any frontend waits for a command, its abort and its reset. */
const RECOVERY_NS = 120 * NS_PER_S;

export const frontendChecks: readonly Check[] = [
  check(
    'frontend/vscsi',
    'VSCSI-REQ-13',
    async (stand) => {
      const peer = await stand.connect();
      for (const senseLen of [SENSE_BYTES, 97, 128, 255]) {
        const asked = await stand.ask(TEST_UNIT_READY);
        peer.respond({rqid: stand.taken().rqid, rslt: CHECK_CONDITION, sense: [0x70], senseLen});
        await stand.push();
        const {status, sense} = asked.reply ?? {};
        stand.must(status === CHECK_CONDITION, `sense_len ${senseLen}: status ${status}`, 'the command is answered');
        stand.must(sense?.length === SENSE_BYTES, `${sense?.length} bytes of sense`, `${SENSE_BYTES}`);
      }
    },
    {mutants: [refusesLongSense]},
  ),
  check(
    'frontend/vscsi',
    'VSCSI-REQ-14',
    async (stand) => {
      const peer = await stand.connect();
      const asked = await stand.ask(READ, {dataInBytes: PAGE_BYTES});
      const {rqid} = stand.taken();
      const wrong = [rqid ^ 1, SLOTS, 0xff, 0x8000 | rqid, 0xffff][stand.choose(5)];
      peer.respond({rqid: wrong});
      await stand.push();
      stand.must(asked.reply?.host !== 0, `rqid ${wrong} is taken for ${rqid}`, 'no command is answered by it');
      stand.must(await stand.isDisabled(), 'the host is used further', 'it is disabled');
    },
    {orders: 5, mutants: [trustsScsiOrder]},
  ),
  check(
    'frontend/vscsi',
    'VSCSI-REQ-14',
    async (stand) => {
      const peer = await stand.connect();
      await stand.ask(TEST_UNIT_READY);
      await stand.ask(TEST_UNIT_READY);
      const [{rqid}] = peer.take();
      for (let i = 0; i < 2; i++) peer.respond({rqid});
      await stand.push();
      stand.must(await stand.isDisabled(), `rqid ${rqid} is answered twice`, 'the host is disabled');
    },
    {variant: 'repeated', mutants: [trustsScsiOrder]},
  ),
  check(
    'frontend/vscsi',
    'VSCSI-REQ-15',
    async (stand) => {
      const peer = await stand.connect();
      await stand.ask(READ, {dataInBytes: PAGE_BYTES});
      const {rqid, segments} = stand.taken();
      if (peer.map(segments[0].gref) < 0) stand.inconclusive('the page cannot be mapped');
      peer.respond({rqid});
      await stand.push();
      stand.must(await stand.isDisabled(), 'the host is used further', 'it is disabled: its page is still mapped');
    },
    {mutants: [ignoresStillMapped]},
  ),
  check(
    'frontend/vscsi',
    'VSCSI-REQ-18',
    async (stand) => {
      const peer = await stand.connect();
      const old = await stand.ask(READ, {dataInBytes: PAGE_BYTES, timeoutNs: NS_PER_S});
      const late = stand.taken();
      const acts: number[] = [];
      // Nobody answers.
      for (let waitedNs = 0; waitedNs < RECOVERY_NS && old.reply === undefined; waitedNs += 5 * NS_PER_S) {
        await stand.settle(5 * NS_PER_S);
        acts.push(...peer.take().map(({act}) => act));
      }
      stand.must(acts.join() === '2,3', `acts ${acts.join() || 'none'}`, 'an abort, then a reset');
      stand.must(old.reply !== undefined && old.reply.host !== 0, 'the command has not failed', 'it has');
      const young = await stand.ask(READ, {dataInBytes: PAGE_BYTES});
      const fresh = stand.taken();
      stand.must(fresh.rqid !== late.rqid, `rqid ${fresh.rqid} is used again`, 'one that was not answered is not');
      peer.serve(late, 0x11);
      await stand.push();
      stand.must(young.reply === undefined, 'the late answer is taken for that to a new command', 'it is not');
      peer.serve(fresh, PATTERN);
      await stand.push();
      stand.must(young.reply?.data.every((byte) => byte === PATTERN) === true, 'other data', 'those of its own answer');
    },
    {mutants: [writesAct(2, 3), miswritesScsi('uses one rqid for all', SCSI_WORD.head, (head) => head & ~0xffff)]},
  ),
  check(
    'frontend/vscsi',
    'VSCSI-REQ-22',
    async (stand) => {
      await stand.connect();
      const asked = await stand.ask(READ, {dataInBytes: PAGE_BYTES});
      stand.taken();
      await stand.setState(5);
      await stand.settle();
      await stand.setState(6);
      await stand.settle();
      stand.must(asked.reply?.host === HOST.reset, `host ${asked.reply?.host}`, `RESET: ${HOST.reset}`);
    },
    {
      mutants: [
        readsInstead('does not see the backend go', /backend\/.*\/state$/, (value) =>
          Number(value) > 4 ? '4' : value,
        ),
      ],
    },
  ),
  check(
    'frontend/vscsi',
    'VSCSI-HP-14',
    async (stand) => {
      const sgGrant = ['', '26', '64', '65535'][stand.choose(4)];
      const limit = Math.max(Number(sgGrant), SCSI_DIRECT_SEGMENTS);
      const peer = await stand.connect(['0:0:0:0'], sgGrant);
      const dataInBytes = stand.unit.maxTransferBytes;
      await stand.ask(READ, {dataInBytes});
      const request = stand.taken();
      const count = request.segments.length;
      stand.must(count <= limit, `${count} segments`, `${limit} at most`);
      const isIndirect = (request.nrSegments & SCSI_INDIRECT) !== 0;
      stand.must(!isIndirect || sgGrant !== '', 'segments in pages of their own', 'none where they are not offered');
      stand.must(peer.dataOf(request)?.length === dataInBytes, `${count} segments`, `room for ${dataInBytes} bytes`);
    },
    {orders: 4, mutants: [readsInstead('takes any feature-sg-grant for 256', 'feature-sg-grant', () => '256')]},
  ),
];
