import {check, type Check} from '../../check.ts';
import {readsOff, writesOff} from '../../mutants/blkif.ts';
import {stridesBy, wrapsAfter} from '../../mutants/ring-layout.ts';
import {
  answersGood,
  answersRslt,
  misreadsScsi,
  miswritesScsi,
  SCSI_WORD,
  takesAct,
  takesDirection,
} from '../../mutants/vscsi.ts';
import {SCSI_ACT, SCSI_DIRECT_SEGMENTS, SCSI_DIRECTION, SCSI_SLOT_BYTES} from '../../peers/scsi-frontend.ts';
import {
  CHECK_CONDITION,
  GOOD,
  HOST_ERROR,
  mustAnswer,
  NO_CONNECT,
  NO_GRANT,
  pattern,
  read,
  REFUSED,
  RESET_FAILED,
  RESET_SUCCESS,
  rslt,
  sameBytes,
  testUnitReady,
  unknownCommand,
  write,
} from './answers.ts';

const SLOTS = 16;
const SECTOR_BYTES = 512;
const ILLEGAL_REQUEST = 5;
const ADDRESS = {channel: 1, id: 2, lun: 3} as const;

export const layoutChecks: readonly Check[] = [
  check(
    'backend/vscsi',
    'VSCSI-LAY-01',
    async (stand) => {
      const peer = await stand.connect({units: {'0:1:2:3': '0:0:0:0'}});
      // A piece of each page that stands somewhere else, and the last segment that has room.
      const pieces = Array.from({length: SCSI_DIRECT_SEGMENTS}, (_, i) => {
        const page = peer.page();
        const offset = 64 * i;
        return {bytes: pattern(page.bytes, i).subarray(offset, offset + SECTOR_BYTES), gref: page.gref, offset};
      });
      const segments = pieces.map(({gref, offset}) => ({gref, offset, length: SECTOR_BYTES}));
      await mustAnswer(stand, [
        {what: 'a write', request: {...write(7, segments), ...ADDRESS, timeout: 30, refRqid: 0xabcd}, due: GOOD},
      ]);
      pieces.forEach(({bytes}, i) => {
        const at = (7 + i) * SECTOR_BYTES;
        stand.must(
          sameBytes(stand.disk().bytes.subarray(at, at + SECTOR_BYTES), bytes),
          `the disk has other bytes for segment ${i}`,
          'each segment where it stands in the request',
        );
      });
    },
    {
      mutants: [
        readsOff(SCSI_WORD.channelAndTimeout, 4, SCSI_SLOT_BYTES),
        readsOff(SCSI_WORD.firstRef, 8, SCSI_SLOT_BYTES),
        misreadsScsi('swaps offset and length', SCSI_WORD.firstRange, (word) => (word >>> 16) | (word << 16)),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-LAY-02',
    async (stand) => {
      const peer = await stand.connect();
      const segments = [{gref: peer.page().gref, length: 1024}];
      const response = await stand.request({...unknownCommand, rqid: 0xa1b2, direction: SCSI_DIRECTION.in, segments});
      stand.must(response.rqid === 0xa1b2, `rqid ${response.rqid}`, 'rqid at byte 0');
      const {senseLen, sense, residual} = response;
      stand.must(senseLen >= 8, `sense_len ${senseLen}`, 'sense_len at byte 3');
      stand.must((sense[0] & 0x7e) === 0x70, `sense begins with ${sense[0]}`, 'sense_buffer at byte 4');
      stand.must((sense[2] & 0xf) === ILLEGAL_REQUEST, `sense key ${sense[2]}`, 'ILLEGAL REQUEST');
      stand.must(response.rslt === CHECK_CONDITION, `rslt ${response.rslt}`, 'rslt at byte 100');
      stand.must(residual === 1024, `residual ${residual}`, 'residual_len at byte 104');
    },
    {
      mutants: [
        writesOff(SCSI_WORD.rslt, 4, SCSI_SLOT_BYTES),
        writesOff(SCSI_WORD.firstSense, 4, SCSI_SLOT_BYTES),
        miswritesScsi(
          'keeps sense_len where act is',
          SCSI_WORD.head,
          (head) => (head & 0xffff) | ((head >>> 24) << 16),
        ),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-LAY-03',
    async (stand) => {
      const peer = await stand.connect();
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < SLOTS; i++) peer.put({...testUnitReady, rqid: 100 * round + i});
        const responses = await stand.exchange();
        const answered = responses.filter((response) => response.rslt === 0).map(({rqid}) => rqid - 100 * round);
        stand.must(
          answered.toSorted((a, b) => a - b).join() === [...Array(SLOTS).keys()].join(),
          `answers to ${answered.join() || 'none'}`,
          `all of ${SLOTS} requests of ${SCSI_SLOT_BYTES} bytes`,
        );
      }
    },
    {mutants: [stridesBy(SCSI_SLOT_BYTES, 248), wrapsAfter(8, SCSI_SLOT_BYTES)]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-LAY-04',
    async (stand) => {
      await stand.connect();
      await mustAnswer(stand, [
        {what: 'act 1', request: {...testUnitReady, act: SCSI_ACT.cdb}, due: GOOD},
        {what: 'act 2 of nothing', request: {act: SCSI_ACT.abort, refRqid: 77}, due: rslt(RESET_FAILED)},
        {what: 'act 3', request: {act: SCSI_ACT.reset}, due: rslt(RESET_SUCCESS)},
        {what: 'act 4', request: {...testUnitReady, act: SCSI_ACT.preset}, due: REFUSED},
      ]);
    },
    {mutants: [takesAct(2, 3), takesAct(3, 1), takesAct(4, 1)]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-LAY-05',
    async (stand) => {
      const peer = await stand.connect();
      const [out, back] = [peer.page(), peer.page()];
      const bytes = pattern(out.bytes, 5);
      await mustAnswer(stand, [
        {what: 'direction 1', request: write(0, [{gref: out.gref}]), due: GOOD},
        {what: 'direction 2', request: read(0, [{gref: back.gref}]), due: GOOD},
        {what: 'direction 3', request: testUnitReady, due: GOOD},
        {what: 'direction 0', request: {...testUnitReady, direction: SCSI_DIRECTION.both}, due: GOOD},
      ]);
      stand.must(
        sameBytes(stand.disk().bytes.subarray(0, 4096), bytes),
        'the disk was not written',
        '1: to the device',
      );
      stand.must(sameBytes(back.bytes, bytes), 'the page was not written', '2: from the device');
    },
    {mutants: [takesDirection(1, 3), takesDirection(2, 1), takesDirection(0, 9), takesDirection(3, 9)]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-LAY-06',
    async (stand) => {
      await stand.connect();
      await mustAnswer(stand, [
        {what: 'a command that succeeds', request: testUnitReady, due: GOOD},
        {what: 'a command that nobody knows', request: unknownCommand, due: rslt(CHECK_CONDITION)},
        {what: 'a unit that is not there', request: {...testUnitReady, id: 9}, due: NO_CONNECT},
        {what: 'a page that is not granted', request: read(0, [{gref: NO_GRANT}]), due: HOST_ERROR},
      ]);
    },
    {
      mutants: [
        answersGood,
        answersRslt('puts the host status into bits 8..15', (word) => (word & 0xff) | ((word >>> 16) << 8)),
        answersRslt('shifts the SCSI status', (word) => (word & ~0xff) | ((word & 0xff) << 1)),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-LAY-07',
    async (stand) => {
      await stand.connect();
      await mustAnswer(stand, [
        {what: 'a reset', request: {act: SCSI_ACT.reset}, due: rslt(RESET_SUCCESS)},
        {what: 'a reset of a unit that is not there', request: {act: SCSI_ACT.reset, id: 9}, due: rslt(RESET_FAILED)},
        {what: 'an abort of nothing', request: {act: SCSI_ACT.abort, refRqid: 9}, due: rslt(RESET_FAILED)},
      ]);
    },
    {
      mutants: [
        answersGood,
        answersRslt('always succeeds', () => RESET_SUCCESS),
        answersRslt('drops 0x2000', (word) => word & 0xff),
      ],
    },
  ),
];
