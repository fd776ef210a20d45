import {check, type Check} from '../../check.ts';
import {readsOff, writesOff} from '../../mutants/blkif.ts';
import {stridesBy} from '../../mutants/ring-layout.ts';
import {misreadsScsi, miswritesScsi, SCSI_WORD, writesAct} from '../../mutants/vscsi.ts';
import {SCSI_ACT, SCSI_DIRECTION, SCSI_SLOT_BYTES} from '../../peers/scsi-frontend.ts';
import {CHECK_CONDITION, PAGE_BYTES, pattern, RESET_FAILED, RESET_SUCCESS, sameBytes} from './answers.ts';

const SLOTS = 16;
const PATTERN = 0xa5;
const NS_PER_S = 1e9;
const TEST_UNIT_READY: readonly number[] = [0, 0, 0, 0, 0, 0];
const READ: readonly number[] = [0x28, 0, 0, 0, 0, 7, 0, 0, 8, 0];
const WRITE: readonly number[] = [0x2a, 0, 0, 0, 0, 7, 0, 0, 8, 0];

export const frontendLayoutChecks: readonly Check[] = [
  check(
    'frontend/vscsi',
    'VSCSI-LAY-01',
    async (stand) => {
      const peer = await stand.connect(['0:1:2:3']);
      const dataOut = pattern(new Uint8Array(PAGE_BYTES + 512), 3);
      await stand.ask(WRITE, {dataOut});
      const request = stand.taken();
      const {act, cdb, channel, id, lun, direction, nrSegments} = request;
      const address = [channel, id, lun].join();
      stand.must(act === SCSI_ACT.cdb, `act ${act}`, 'act 1 at byte 2');
      stand.must(cdb.join() === WRITE.join(), `cmnd ${cdb.join()}`, 'cmd_len at byte 3, cmnd at byte 4');
      stand.must(address === '1,2,3', `channel, id, lun ${address}`, '1,2,3 at bytes 22, 24 and 26');
      stand.must(direction === SCSI_DIRECTION.out, `direction ${direction}`, '1 at byte 30');
      stand.must(nrSegments === 2, `nr_segments ${nrSegments}`, '2 at byte 31');
      const data = peer.dataOf(request);
      stand.must(data !== undefined && sameBytes(data, dataOut), 'other data', 'segments of 8 bytes at byte 32');
    },
    {mutants: [writesOff(20, 4, SCSI_SLOT_BYTES), writesOff(32, 4, SCSI_SLOT_BYTES), writesAct(1, 2)]},
  ),
  check(
    'frontend/vscsi',
    'VSCSI-LAY-02',
    async (stand) => {
      const peer = await stand.connect();
      const asked = await stand.ask(READ, {dataInBytes: PAGE_BYTES});
      const request = stand.taken();
      const sense = Array.from({length: 18}, (_, i) => 0x70 + i);
      peer.fill(request, PATTERN);
      peer.respond({rqid: request.rqid, rslt: CHECK_CONDITION, sense, residual: 512});
      await stand.push();
      const {reply} = asked;
      stand.must(reply?.status === CHECK_CONDITION, `status ${reply?.status}`, 'rslt at byte 100');
      stand.must(
        reply !== undefined && [...reply.sense].join() === sense.join(),
        `sense ${reply?.sense.join()}`,
        'sense_len at byte 3, sense_buffer at byte 4',
      );
      stand.must(
        reply?.data.length === PAGE_BYTES - 512 && reply.data.every((byte) => byte === PATTERN),
        `${reply?.data.length} bytes of data`,
        'residual_len at byte 104',
      );
    },
    {mutants: [readsOff(100, 4, SCSI_SLOT_BYTES), readsOff(4, 4, SCSI_SLOT_BYTES)]},
  ),
  check(
    'frontend/vscsi',
    'VSCSI-LAY-03',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 2 * SLOTS + 1; i++) {
        const asked = await stand.ask([0x12, 0, 0, 0, i, 0]);
        const {rqid, cdb} = stand.taken();
        stand.must(cdb[4] === i, `command ${i} is ${cdb.join()}`, `${SLOTS} slots of ${SCSI_SLOT_BYTES} bytes`);
        peer.respond({rqid, rslt: i + 1});
        await stand.push();
        const seen = asked.reply?.status;
        stand.must(seen === i + 1, `command ${i}: status ${seen}`, `${SLOTS} slots of ${SCSI_SLOT_BYTES} bytes`);
      }
      for (let i = 0; i < 2 * SLOTS; i++) await stand.ask(TEST_UNIT_READY);
      const out = peer.ring.reqProd - peer.ring.rspProd;
      stand.must(out <= SLOTS, `${out} requests are out`, `${SLOTS} at most`);
    },
    {mutants: [stridesBy(SCSI_SLOT_BYTES, 248), stridesBy(SCSI_SLOT_BYTES, 256)]},
  ),
  check(
    'frontend/vscsi',
    'VSCSI-LAY-04',
    async (stand) => {
      const peer = await stand.connect();
      const asked = await stand.ask(TEST_UNIT_READY, {timeoutNs: NS_PER_S});
      const command = stand.taken();
      stand.must(command.act === SCSI_ACT.cdb, `a command has act ${command.act}`, '1');
      await stand.settle(2 * NS_PER_S);
      const abort = stand.taken();
      stand.must(
        abort.act === SCSI_ACT.abort && abort.refRqid === command.rqid,
        `act ${abort.act} of ${abort.refRqid}`,
        `an abort of ${command.rqid}: 2`,
      );
      peer.respond({rqid: abort.rqid, act: abort.act, rslt: RESET_FAILED});
      await stand.push();
      const reset = stand.taken();
      stand.must(reset.act === SCSI_ACT.reset, `act ${reset.act}`, 'a reset: 3');
      peer.respond({rqid: reset.rqid, act: reset.act, rslt: RESET_SUCCESS});
      await stand.push();
      stand.must(asked.reply !== undefined, 'the command has not ended', 'it ends with its reset');
    },
    {mutants: [writesAct(1, 4), writesAct(2, 3), writesAct(3, 2)]},
  ),
  check(
    'frontend/vscsi',
    'VSCSI-LAY-05',
    async (stand) => {
      const peer = await stand.connect();
      for (const [cdb, exchange, due] of [
        [WRITE, {dataOut: new Uint8Array(PAGE_BYTES)}, SCSI_DIRECTION.out],
        [READ, {dataInBytes: PAGE_BYTES}, SCSI_DIRECTION.in],
        [TEST_UNIT_READY, {}, SCSI_DIRECTION.none],
      ] as const) {
        await stand.ask(cdb, exchange);
        const {direction, rqid} = stand.taken();
        stand.must(direction === due, `direction ${direction}`, String(due));
        peer.respond({rqid});
        await stand.push();
      }
    },
    {mutants: [miswritesScsi('numbers directions from 0', SCSI_WORD.direction, (word) => word - (1 << 16))]},
  ),
  check(
    'frontend/vscsi',
    'VSCSI-LAY-06',
    async (stand) => {
      const peer = await stand.connect();
      for (const [rslt, host, status] of [
        [0, 0, 0],
        [0x18, 0, 0x18],
        ...Array.from({length: 20}, (_, i) => [(i + 1) << 16, i + 1, 0]),
      ]) {
        const asked = await stand.ask(TEST_UNIT_READY);
        peer.respond({rqid: stand.taken().rqid, rslt});
        await stand.push();
        const seen = `host ${asked.reply?.host}, status ${asked.reply?.status}`;
        stand.must(asked.reply?.host === host && asked.reply.status === status, seen, `host ${host}, status ${status}`);
      }
    },
    {
      mutants: [
        misreadsScsi(
          'looks for the host status in bits 8..15',
          SCSI_WORD.rslt,
          (word) => (word & 0xff) | ((word & 0xff00) << 8),
        ),
      ],
    },
  ),
  check(
    'frontend/vscsi',
    'VSCSI-LAY-07',
    async (stand) => {
      const peer = await stand.connect();
      for (const [rslt, due] of [
        [RESET_SUCCESS, true],
        [RESET_FAILED, false],
      ] as const) {
        const reset = stand.unit.reset();
        await stand.settle();
        const {rqid, act} = stand.taken();
        peer.respond({rqid, act, rslt});
        peer.push();
        const seen = await stand.within(reset, 'the reset ends');
        stand.must(
          seen === due,
          `0x${rslt.toString(16)} is taken for ${seen ? 'a success' : 'a failure'}`,
          'the other',
        );
      }
    },
    {
      mutants: [
        misreadsScsi('looks at the low byte', SCSI_WORD.rslt, (word) => word & 0xff),
        misreadsScsi('takes all for successes', SCSI_WORD.rslt, () => RESET_SUCCESS),
      ],
    },
  ),
];
