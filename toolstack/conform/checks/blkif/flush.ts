import {check, type Check} from '../../check.ts';
import {answersOkay, misreadsWord, SLOT, takesOperation} from '../../mutants/blkif.ts';
import {readsInstead, writesInstead} from '../../mutants/store.ts';
import {BLK_OP} from '../../peers/block-frontend.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';
import {fillPage, mustAnswer, OKAY, read, sameBytes, write} from './answers.ts';

const NOT_SUPPORTED = -2;

/** Starts a flush and answers what it makes the driver ask, each operation with its status. Returns the operations. */
const flushes = async (stand: VbdFrontendStand, status: (operation: number) => number): Promise<number[]> => {
  const operations: number[] = [];
  const done = stand.disk.flush().then(
    () => 'done',
    () => 'failed',
  );
  for (let i = 0; i < 3; i++) {
    await stand.settle();
    for (const {id, operation} of stand.peer.take()) {
      operations.push(operation);
      stand.peer.respond(id, operation, status(operation));
    }
    stand.peer.push();
  }
  const end = await stand.within(done, 'the flush ends');
  stand.must(end === 'done', 'the flush fails', 'what the backend does not know is no error of the disk');
  return operations;
};

const withoutFlush = (operation: number): number => (operation === BLK_OP.flush ? NOT_SUPPORTED : 0);

export const flushChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'BLKIF-FLUSH-01',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted'});
      const {gref} = peer.page();
      const {scriptedDisk: disk} = stand;
      disk.isSlow = true;
      peer.put({...write(0, [{gref, last: 0}]), id: 1n});
      peer.put({...write(64, [{gref, last: 0}]), id: 2n});
      peer.put({...write(128, [{gref, last: 0}]), operation: BLK_OP.barrier, id: 3n});
      peer.put({...write(256, [{gref, last: 0}]), id: 4n});
      peer.push();
      await stand.settle();
      if (peer.take({rearm: false}).some(({status}) => status === NOT_SUPPORTED))
        stand.inconclusive('the backend knows no barriers');
      stand.must(disk.waiting.length === 2, `${disk.deeds.join()} at once`, 'the two writes before the barrier');
      // From the last to the first, one at a time.
      const answered: bigint[] = [];
      let writes = 2;
      for (let i = 0; i < 12 && disk.finish(disk.waiting.length - 1); i++) {
        await stand.settle();
        answered.push(...peer.take().map(({id}) => id));
        const begun = disk.deeds.filter((deed) => deed === 'write').length;
        stand.must(
          begun <= 2 || (answered.includes(1n) && answered.includes(2n)),
          'the barrier begins before the writes have ended',
          'they end first',
        );
        stand.must(
          begun <= 3 || answered.includes(3n),
          'a write begins before the barrier has ended',
          'it begins later',
        );
        writes = begun;
      }
      stand.must(writes === 4 && answered.length === 4, `${answered.length} answers`, 'all are done in the end');
    },
    {mutants: [takesOperation('takes barriers for writes', BLK_OP.barrier, BLK_OP.write)]},
  ),
  check(
    'backend/vbd',
    'BLKIF-FLUSH-02',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted'});
      const page = peer.page();
      const bytes = fillPage(page, 4);
      await mustAnswer(stand, [{what: 'a write', request: write(8, [{gref: page.gref}]), due: OKAY}]);
      const response = await stand.request({operation: BLK_OP.flush, id: 9n});
      if (response?.status === NOT_SUPPORTED) stand.inconclusive('the backend knows no flush');
      stand.must(response?.status === 0, `status ${response?.status}`, 'status 0');
      const stable = stand.scriptedDisk.stableBytes.subarray(8 * 512, 8 * 512 + bytes.length);
      stand.must(sameBytes(stable, bytes), 'a power cut loses what was written', 'it is stable at the answer');
    },
    {
      mutants: [
        misreadsWord('answers a flush at once', SLOT.head, (word) =>
          (word & 0xff) === BLK_OP.flush ? BLK_OP.discard : word,
        ),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-FLUSH-03',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted'});
      const page = peer.page();
      const bytes = fillPage(page, 6);
      await mustAnswer(stand, [
        {what: 'a flush without segments', request: {operation: BLK_OP.flush}, due: OKAY},
        {what: 'a flush with data', request: {...write(16, [{gref: page.gref}]), operation: BLK_OP.flush}, due: OKAY},
      ]);
      const at = 16 * 512;
      stand.must(
        sameBytes(stand.scriptedDisk.bytes.subarray(at, at + bytes.length), bytes),
        'the data are not written',
        'they are',
      );
    },
    {
      mutants: [
        misreadsWord('ignores data of a flush', SLOT.head, (word) =>
          (word & 0xff) === BLK_OP.flush ? word & ~0xff00 : word,
        ),
        takesOperation('wants data in a flush', BLK_OP.flush, BLK_OP.write),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'BLKIF-FLUSH-04',
    async (stand) => {
      await stand.connect({'feature-flush-cache': '1'});
      let nth = 0;
      for (let i = 0; i < 4; i++) await flushes(stand, () => (nth++ < 2 ? 0 : NOT_SUPPORTED));
      stand.must(await stand.reads(), 'a read failed', 'the device goes on');
    },
    {
      mutants: [
        misreadsWord('takes any status for an error', SLOT.responseStatus, (word) =>
          word >>> 16 === 0 ? word : (word & 0xffff) | 0xffff_0000,
        ),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'BLKIF-FLUSH-05',
    async (stand) => {
      await stand.connect({'feature-flush-cache': '1', 'feature-barrier': '1'});
      const first = await flushes(stand, withoutFlush);
      const second = await flushes(stand, withoutFlush);
      if (!first.includes(BLK_OP.flush)) stand.inconclusive('the driver sends no flush');
      stand.must(!second.includes(BLK_OP.flush), `operations ${second.join()}`, 'no flush after BLKIF_RSP_EOPNOTSUPP');
      stand.must(
        second.length === 0 || second.includes(BLK_OP.barrier),
        `operations ${second.join()}`,
        'a barrier, which is offered',
      );
      stand.must(await stand.reads(), 'a read failed', 'the device goes on');
    },
    {
      mutants: [
        misreadsWord('takes EOPNOTSUPP for an answer', SLOT.responseStatus, (word) => word & 0xffff),
        misreadsWord('takes any status for an error', SLOT.responseStatus, (word) =>
          word >>> 16 === 0 ? word : (word & 0xffff) | 0xffff_0000,
        ),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'BLKIF-FLUSH-06',
    async (stand) => {
      await stand.connect({'feature-flush-cache': '1', 'feature-barrier': '1'});
      const operations = await flushes(stand, () => 0);
      stand.must(
        operations.join() === String(BLK_OP.flush),
        `operations ${operations.join()}`,
        'a flush, though barriers are offered',
      );
    },
    {mutants: [readsInstead('does not look at feature-flush-cache', 'feature-flush-cache', () => '0')]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-FLUSH-07',
    async (stand) => {
      await stand.connect({'feature-flush-cache': '0'});
      stand.must(!(await stand.diskFlushes), 'the disk says that it can flush', 'nothing to flush by is offered');
    },
    {mutants: [readsInstead('takes flushes for granted', 'feature-flush-cache', () => '1')]},
  ),
  check(
    'backend/vbd',
    'BLKIF-FLUSH-08',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted'});
      stand.scriptedDisk.unknown.add('flush');
      await mustAnswer(stand, [{what: 'a flush', request: {operation: BLK_OP.flush}, due: [NOT_SUPPORTED]}]);
      await stand.settle();
      const node = (await stand.read(`${stand.backPath(stand.devid)}/feature-flush-cache`)) ?? '0';
      stand.must(node === '0', `feature-flush-cache ${node}`, '0 once the disk has refused');
      await mustAnswer(stand, [{what: 'a read', request: read(0, [{gref: peer.page().gref}]), due: OKAY}]);
    },
    {
      mutants: [
        writesInstead('leaves the node as it is', 'feature-flush-cache', (value) =>
          value === '0' ? undefined : value,
        ),
        answersOkay,
      ],
    },
  ),
];
