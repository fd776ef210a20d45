import {check, type Check} from '../../check.ts';
import {backWords, overpublishes} from '../../mutants/ring.ts';
import {answersGood, answersRslt, misreadsScsi, SCSI_WORD, takesAct} from '../../mutants/vscsi.ts';
import {SCSI_ACT} from '../../peers/scsi-frontend.ts';
import {hostOf, read, RESET_FAILED, RESET_SUCCESS} from './answers.ts';

const CANARY = 0x5c;
const units = {'0:0:0:0': '0:0:0:0', '0:0:1:0': '0:0:1:0'};
const ABORT = 50;
const RESET = 51;
const OTHER = 9;

export const managementChecks: readonly Check[] = [
  check(
    'backend/vscsi',
    'VSCSI-REQ-16',
    async (stand) => {
      const peer = await stand.connect({units});
      const disk = stand.disk();
      disk.isSlow = true;
      const page = peer.page({fill: CANARY});
      peer.put({...read(0, [{gref: page.gref}]), rqid: 1});
      const responses = await stand.exchange();
      // The command may end before, with, and after its abort.
      const when = stand.choose(3);
      if (when === 0) disk.finish();
      peer.put({act: SCSI_ACT.abort, refRqid: 1, rqid: ABORT});
      if (when === 1) disk.finish();
      responses.push(...(await stand.exchange()));
      const answered = page.bytes.slice();
      const isAborted = responses.some(({rqid, rslt}) => rqid === ABORT && rslt === RESET_SUCCESS);
      disk.finish();
      responses.push(...(await stand.exchange()));
      const [command, ...more] = responses.filter(({rqid}) => rqid === 1);
      const [abort, ...others] = responses.filter(({rqid}) => rqid !== 1);
      stand.must(more.length === 0 && command !== undefined, `${more.length + 1} answers to the command`, 'one');
      stand.must(others.length === 0 && abort?.rqid === ABORT, `${others.length + 1} answers to the abort`, 'one');
      stand.must(
        abort.rslt === RESET_SUCCESS || (abort.rslt === RESET_FAILED && command.rslt === 0),
        `the abort is answered with 0x${abort.rslt.toString(16)}, the command with 0x${command.rslt.toString(16)}`,
        'an abort that failed leaves the command as it is',
      );
      if (when === 2)
        stand.must(hostOf(command.rslt) !== 0, `rslt ${command.rslt}`, 'an aborted command is answered as such');
      if (isAborted)
        stand.must(
          page.bytes.every((byte, i) => byte === answered[i]),
          'the page was written after the abort was answered',
          'no data after that',
        );
    },
    {
      orders: 3,
      mutants: [
        answersGood,
        overpublishes(backWords, 1),
        answersRslt('says that every command went well', (word) => (word >>> 16 === 0 ? word : 0)),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-16',
    async (stand) => {
      const peer = await stand.connect({units});
      stand.disk().isSlow = true;
      peer.put({...read(0, [{gref: peer.page().gref}]), rqid: 1});
      await stand.exchange();
      for (const wrong of [{id: 1}, {refRqid: 2}, {lun: 1}]) {
        const {rslt} = await stand.request({act: SCSI_ACT.abort, refRqid: 1, rqid: ABORT, ...wrong});
        stand.must(rslt === RESET_FAILED, `rslt 0x${rslt.toString(16)}`, `no such command: ${JSON.stringify(wrong)}`);
      }
      stand.disk().finish();
      const responses = await stand.exchange();
      stand.must(
        responses.length === 1 && responses[0].rqid === 1 && responses[0].rslt === 0,
        `${responses.length} answers, rslt ${responses[0]?.rslt}`,
        'the command is done',
      );
    },
    {
      variant: 'other unit',
      mutants: [
        misreadsScsi('aborts whatever the unit', SCSI_WORD.address, () => 0),
        answersRslt('says that the abort succeeded', (word) => (word === RESET_FAILED ? RESET_SUCCESS : word)),
      ],
    },
  ),
  check(
    'backend/vscsi',
    'VSCSI-REQ-17',
    async (stand) => {
      const peer = await stand.connect({units});
      const [disk, other] = [stand.disk(0), stand.disk(1)];
      disk.isSlow = true;
      other.isSlow = true;
      const {gref} = peer.page();
      for (let rqid = 0; rqid < 8; rqid++) peer.put({...read(rqid, [{gref, length: 512}]), rqid});
      peer.put({...read(0, [{gref, length: 512}]), id: 1, rqid: OTHER});
      const responses = await stand.exchange();
      peer.put({act: SCSI_ACT.reset, rqid: RESET});
      responses.push(...(await stand.exchange()));
      while (disk.finish());
      responses.push(...(await stand.exchange()));
      const resultOf = (rqid: number): number | undefined => {
        const own = responses.filter((response) => response.rqid === rqid);
        stand.must(own.length <= 1, `${own.length} answers to rqid ${rqid}`, 'one');
        return own.at(0)?.rslt;
      };
      stand.must(resultOf(RESET) === RESET_SUCCESS, `the reset: rslt ${resultOf(RESET)}`, 'it succeeds');
      const ended = Array.from({length: 8}, (_, rqid) => resultOf(rqid));
      stand.must(
        ended.every((rslt) => rslt !== undefined && hostOf(rslt) !== 0),
        `commands of the unit: ${ended.join()}`,
        'all of them end',
      );
      stand.must(resultOf(OTHER) === undefined, `a command of another unit: ${resultOf(OTHER)}`, 'it goes on');
      other.finish();
      responses.push(...(await stand.exchange()));
      stand.must(resultOf(OTHER) === 0, `a command of another unit: ${resultOf(OTHER)}`, 'it is done');
      disk.isSlow = false;
      await stand.greet('0:0:0:0');
      stand.must(await stand.serves(), 'the unit is not ready', 'it serves after its reset');
    },
    {mutants: [takesAct(3, 2), answersGood, misreadsScsi('takes every unit for 0:0', SCSI_WORD.address, () => 0)]},
  ),
];
