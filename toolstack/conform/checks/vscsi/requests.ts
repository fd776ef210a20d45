import {check, type Check} from '../../check.ts';
import {backWords, ignoresImpossible, overpublishes, servesImpossible} from '../../mutants/ring.ts';
import {
  answersHostError,
  echoesOtherRqid,
  misreadsScsi,
  miswritesScsi,
  SCSI_WORD,
  takesAct,
} from '../../mutants/vscsi.ts';
import {SCSI_ACT, SCSI_DIRECTION} from '../../peers/scsi-frontend.ts';
import {
  CHECK_CONDITION,
  GOOD,
  HOST_ERROR,
  mustAnswer,
  mustStand,
  NO_CONNECT,
  NO_GRANT,
  PAGE_BYTES,
  read,
  testUnitReady,
  unknownCommand,
} from './answers.ts';

const SLOTS = 16;
const SENSE_BYTES = 96;
const INQUIRY_BYTES = 36;
/** Statuses that have an initiator try again: GOOD, BUSY, TASK SET FULL; or a host status that says so. */
const RETRYABLE: ReadonlySet<number> = new Set([0, 0x08, 0x28, 2 << 16, 11 << 16, 12 << 16, 13 << 16]);

/** INQUIRY, with `bytes` of room in a page. */
const inquiry = (gref: number, bytes: number): ReturnType<typeof read> => ({
  cdb: [0x12, 0, 0, 0, INQUIRY_BYTES, 0],
  direction: SCSI_DIRECTION.in,
  segments: [{gref, length: bytes}],
});

export const requestChecks: readonly Check[] = [
  check(
    'backend/vscsi',
    'VSCSI-REQ-01',
    async (stand) => {
      const peer = await stand.connect();
      const {gref} = peer.page();
      const kinds = [
        testUnitReady,
        unknownCommand,
        read(0, [{gref}]),
        read(0, [{gref: NO_GRANT}]),
        {...testUnitReady, id: 9},
        {...testUnitReady, act: 99},
        {act: SCSI_ACT.abort, refRqid: 1234},
        {act: SCSI_ACT.reset},
      ];
      const rqids = [5, 0xffff, 7, 0x8000, 1, 0xff, 0x100, 0x1234];
      kinds.forEach((request, i) => peer.put({...request, rqid: rqids[i]}));
      const answered = (await stand.exchange()).map(({rqid}) => rqid);
      const sorted = (each: readonly number[]): string => each.toSorted((a, b) => a - b).join();
      stand.must(sorted(answered) === sorted(rqids), `answers to ${answered.join()}`, `one to each of ${rqids.join()}`);
    },
    {mutants: [echoesOtherRqid, overpublishes(backWords, 1)]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-02',
    async (stand) => {
      await stand.connect();
      await mustAnswer(stand, [
        {what: 'cmd_len 16', request: {...testUnitReady, cmdLen: 16}, due: GOOD},
        ...[17, 18, 128, 255].map((cmdLen) => ({
          what: `cmd_len ${cmdLen}`,
          request: {...testUnitReady, cmdLen},
          due: HOST_ERROR,
        })),
        ...[4, 5, 128, 255].map((direction) => ({
          what: `direction ${direction}`,
          request: {...testUnitReady, direction},
          due: HOST_ERROR,
        })),
      ]);
    },
    {
      mutants: [
        misreadsScsi('cuts commands to 16 bytes', SCSI_WORD.head, (head) =>
          head >>> 24 > 16 ? (head & 0xff_ffff) | (16 << 24) : head,
        ),
        misreadsScsi('looks at two bits of the direction', SCSI_WORD.direction, (word) => word & 0xff03_ffff),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-03',
    async (stand) => {
      await stand.connect();
      await mustAnswer(
        stand,
        [{lun: 1}, {id: 1}, {channel: 1}, {channel: 0xffff, id: 0xffff, lun: 0xffff}].map((address) => ({
          what: `a unit that is not there: ${JSON.stringify(address)}`,
          request: {...testUnitReady, ...address},
          due: NO_CONNECT,
        })),
      );
    },
    {mutants: [answersHostError, misreadsScsi('takes every unit for 0:0', SCSI_WORD.address, () => 0)]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-11',
    async (stand) => {
      const peer = await stand.connect();
      const {gref} = peer.page();
      for (const [what, request, due] of [
        ['a read of all', read(0, [{gref}]), 0],
        ['a read of one block', {...read(0, [{gref}]), cdb: read(0, [{gref, length: 512}]).cdb}, PAGE_BYTES - 512],
        ['36 bytes of a page', inquiry(gref, PAGE_BYTES), PAGE_BYTES - INQUIRY_BYTES],
        ['nothing', {...inquiry(gref, 1000), ...testUnitReady}, 1000],
        ['a failure', {...inquiry(gref, 1000), ...unknownCommand}, 1000],
      ] as const) {
        const {residual} = await stand.request(request);
        stand.must(residual === due, `${what}: residual_len ${residual}`, String(due));
      }
    },
    {
      mutants: [
        miswritesScsi('counts no residual', SCSI_WORD.residual, () => 0),
        miswritesScsi('counts what was moved', SCSI_WORD.residual, (residual) => PAGE_BYTES - residual),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-12',
    async (stand) => {
      await stand.connect();
      const {rslt, senseLen, sense} = await stand.request(unknownCommand);
      stand.must(rslt === CHECK_CONDITION, `rslt ${rslt}`, 'CHECK CONDITION');
      stand.must(senseLen > 0 && senseLen <= SENSE_BYTES, `sense_len ${senseLen}`, `1..${SENSE_BYTES}`);
      stand.must([0x70, 0x72].includes(sense[0] & 0x7f), `sense begins with ${sense[0]}`, 'sense of a current error');
    },
    {
      mutants: [
        miswritesScsi('leaves out sense_len', SCSI_WORD.head, (head) => head & 0xff_ffff),
        miswritesScsi('says there were 255 bytes of sense', SCSI_WORD.head, (head) => head | 0xff00_0000),
        miswritesScsi('leaves out sense', SCSI_WORD.firstSense, () => 0),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-19',
    async (stand) => {
      const peer = await stand.connect();
      const before = peer.ring.rspProd;
      peer.put(testUnitReady);
      peer.publish(peer.reqProd + SLOTS);
      peer.notify();
      await stand.settle();
      stand.must(peer.ring.rspProd === before, 'it has answered', `${SLOTS + 1} requests cannot be`);
      peer.publish();
      peer.notify();
      await stand.settle();
      stand.must(peer.ring.rspProd === before, 'it goes on with a ring that was broken', 'the ring is stopped');
    },
    {mutants: [servesImpossible(backWords, () => SLOTS), ignoresImpossible(backWords, () => SLOTS)]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-20',
    async (stand) => {
      await stand.connect();
      await mustAnswer(
        stand,
        [0, 5, 6, 128, 255].map((act) => ({what: `act ${act}`, request: {...testUnitReady, act}, due: HOST_ERROR})),
      );
      await mustStand(stand);
    },
    {mutants: [takesAct(5, 1), takesAct(255, 1), takesAct(0, 3)]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-21',
    async (stand) => {
      const peer = await stand.connect();
      const disk = stand.disk();
      disk.isSlow = true;
      const {gref} = peer.page();
      for (let i = 0; i < SLOTS; i++) peer.put({...read(i, [{gref, length: 512}]), rqid: i});
      const responses = await stand.exchange();
      while (disk.finish());
      responses.push(...(await stand.exchange()));
      stand.must(responses.length === SLOTS, `${responses.length} answers`, `${SLOTS}`);
      for (const {rslt, rqid} of responses)
        stand.must(RETRYABLE.has(rslt), `rqid ${rqid}: rslt 0x${rslt.toString(16)}`, 'GOOD, or to be tried again');
    },
    {mutants: [answersHostError]},
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-23',
    async (stand) => {
      const peer = await stand.connect();
      await mustAnswer(
        stand,
        [0, 1, 30, 0x8000, 0xffff].map((timeout) => ({
          what: `timeout ${timeout}`,
          request: {...testUnitReady, timeout},
          due: GOOD,
        })),
      );
      stand.disk().isSlow = true;
      peer.put({...read(0, [{gref: peer.page().gref}]), timeout: 1});
      stand.must((await stand.exchange()).length === 0, 'an answer while the disk is busy', 'none yet');
      await stand.settle(5e9);
      stand.disk().finish();
      const [response] = await stand.exchange();
      stand.must(response?.rslt === 0, `rslt ${response?.rslt}`, 'the command is done, however long it took');
    },
    {
      mutants: [
        misreadsScsi('takes the timeout for the channel', SCSI_WORD.channelAndTimeout, (word) => word << 16),
        answersHostError,
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-24',
    async (stand) => {
      await stand.connect();
      await mustAnswer(stand, [{what: 'no segments', request: {...testUnitReady, nrSegments: 0}, due: GOOD}]);
    },
    {
      mutants: [
        misreadsScsi('takes no segments for 127', SCSI_WORD.direction, (word) =>
          word >>> 24 === 0 ? word | (127 << 24) : word,
        ),
      ],
    },
  ),
];
