import {check, type Check} from '../check.ts';
import {CHECK_CONDITION, mustStand, read, write} from '../checks/vscsi/answers.ts';
import {answersGood, answersHostError} from '../mutants/vscsi.ts';
import {READONLY_UNIT} from '../peers/scripted-unit.ts';
import {SCSI_DIRECTION} from '../peers/scsi-frontend.ts';

const SECRET = 0x5e;
const BLOCK_BYTES = 512;
const DATA_PROTECT = 7;

/** Commands that write one block at 0, by name. @see SBC-4 */
const writes: Readonly<Record<string, readonly number[]>> = {
  'WRITE (6)': [0x0a, 0, 0, 0, 1, 0],
  'WRITE (10)': [0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0],
  'WRITE (12)': [0xaa, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
  'WRITE (16)': [0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
  'WRITE AND VERIFY (10)': [0x2e, 0, 0, 0, 0, 0, 0, 0, 1, 0],
  'WRITE SAME (10)': [0x41, 0, 0, 0, 0, 0, 0, 0, 1, 0],
  'WRITE SAME (16)': [0x93, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
};

export const scsiAttacks: readonly Check[] = [
  check(
    'backend/vscsi',
    'XSA-266',
    async (stand) => {
      const peer = await stand.connect({units: {'0:0:0:0': READONLY_UNIT}});
      const segments = [{gref: peer.page({fill: SECRET}).gref, length: BLOCK_BYTES}];
      for (const [name, cdb] of Object.entries(writes)) {
        const {rslt, sense} = await stand.request({cdb, direction: SCSI_DIRECTION.out, segments});
        stand.must(rslt === CHECK_CONDITION, `${name}: rslt 0x${rslt.toString(16)}`, 'CHECK CONDITION');
        // Of descriptor sense the key is a byte earlier.
        const key = sense[(sense[0] & 0x7f) >= 0x72 ? 1 : 2] & 0xf;
        stand.must(key === DATA_PROTECT, `${name}: sense key ${key}`, `DATA PROTECT: ${DATA_PROTECT}`);
      }
      // Neither does it help to say that the data go the other way.
      await stand.request({...write(0, segments), direction: SCSI_DIRECTION.both});
      stand.must(
        stand.disk().bytes.every((byte) => byte === 0),
        'the disk was written',
        'it stays as it is',
      );
      const {rslt} = await stand.request(read(0, [{gref: peer.page().gref}]));
      stand.must(rslt === 0, `a read: rslt 0x${rslt.toString(16)}`, 'it can be read');
      await mustStand(stand);
    },
    {mutants: [answersGood, answersHostError]},
  ),
];
