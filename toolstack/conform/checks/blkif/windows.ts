import {check, type Check} from '../../check.ts';
import {backState, deafAfter, frontState, readsInstead} from '../../mutants/store.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';

const SECTOR_BYTES = 512;
/** Closing and Closed: what a backend that goes without a word may be seen in. */
const abruptStates = [5, 6];
const READS = 3;

/** Connects a driver that says so of itself: others promise nothing here. */
const connectSaying = async (stand: VbdFrontendStand, node: string): Promise<void> => {
  await stand.connect({}, {front: {tuning: 'announce=1'}});
  if ((await stand.read(`${stand.frontPath(stand.devid)}/${node}`)) !== '1')
    stand.inconclusive(`the driver does not say ${node}`);
};

/** What the Windows frontend says of itself has to be true. */
export const windowsChecks: readonly Check[] = [
  check(
    'frontend/vbd',
    'BLKIF-DYN-03',
    async (stand) => {
      await connectSaying(stand, 'feature-online-resize');
      await stand.publish({sectors: '4096'});
      await stand.setState(4);
      await stand.settle();
      const sizeBytes = await stand.diskBytes;
      stand.must(sizeBytes === 4096 * SECTOR_BYTES, `the disk has ${sizeBytes} bytes`, '4096 sectors');
      stand.must(await stand.reads(), 'a read failed', 'the device goes on');
    },
    {
      mutants: [
        deafAfter(frontState, 4, backState),
        readsInstead('keeps the size that it read first', 'sectors', () => '2048'),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'BLKIF-DYN-05',
    async (stand) => {
      await connectSaying(stand, 'feature-surprise-remove');
      const state = abruptStates[stand.choose(abruptStates.length)];
      const asked = stand.ask(READS);
      await stand.settle();
      await stand.write(`${stand.backPath(stand.devid)}/online`, '0');
      await stand.setState(state);
      stand.must(await stand.reaches(6), `the frontend is in state ${await stand.state}`, 'it is Closed');
      stand.must(stand.guestLives, 'the guest has crashed', 'only the device is lost');
      stand.must(asked.failed === READS, `${asked.failed} of ${READS} reads have failed`, 'what was under way fails');
    },
    {orders: abruptStates.length, mutants: [deafAfter(frontState, 4, backState)]},
  ),
];
