import {check, type Check} from '../../check.ts';
import {
  advancesTooFar,
  believesAnyIndex,
  misplaces,
  narrowConsole,
  neverPublishes,
  seesNoFullRing,
  sendsNoEvents,
  stripsEighthBit,
  takesEventForData,
} from '../../mutants/console.ts';
import {IN_BYTES, OUT_BYTES} from '../../peers/console-page.ts';
import type {ConsoleFrontendUnderTest} from '../../iut/console.ts';
import type {ConsoleFrontendStand} from '../../stand/console-frontend.ts';
import {allBytes, impossibleCounts, isSubsequence, NEAR_WRAP, sameNumbers, textBytes} from './bytes.ts';

/** The guest says the bytes, and they stand on the ring. */
const mustSay = async (
  stand: ConsoleFrontendStand,
  driver: ConsoleFrontendUnderTest,
  bytes: Uint8Array,
  due: string,
): Promise<void> => {
  driver.write(bytes);
  await stand.settle();
  stand.must(sameNumbers(stand.page.said, bytes), () => `out holds ${stand.page.said.length} bytes, or others`, due);
};

/** What is typed reaches the guest. */
const mustHear = async (stand: ConsoleFrontendStand, bytes: Uint8Array, due: string): Promise<void> => {
  stand.typed.length = 0;
  stand.page.type(bytes);
  stand.page.kick();
  await stand.settle();
  stand.must(sameNumbers(stand.typed, bytes), () => `the guest gets ${stand.typed.length} bytes, or others`, due);
};

export const consoleFrontendChecks: readonly Check[] = [
  check(
    'frontend/console',
    'CONS-RING-01',
    async (stand) => {
      const due = 'in at 0, out at 1024, in_cons, in_prod, out_cons, out_prod from 3072 on';
      await mustSay(stand, stand.start(), textBytes('hello'), due);
      await mustHear(stand, textBytes('world'), due);
    },
    {mutants: [misplaces('outProd')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-02',
    async (stand) => {
      const {page, spy} = stand;
      const driver = stand.start();
      let eventsAtPublish: number | undefined;
      spy.after = ({kind, offset}) => {
        if (kind === 'write' && offset === 3084) eventsAtPublish ??= page.events;
      };
      driver.write(new Uint8Array(OUT_BYTES * 2).fill(65));
      await stand.settle();
      const queued = (page.get('outProd') - page.get('outCons')) >>> 0;
      stand.must(queued === OUT_BYTES, `${queued} bytes are unread`, `${OUT_BYTES}, and no more`);
      stand.must(
        page.said.every((byte) => byte === 65),
        'other bytes are published',
        'the bytes come before out_prod',
      );
      stand.must(eventsAtPublish === 0, 'an event comes before out_prod', 'out_prod, then the event');
      stand.must(page.events > 0, 'no event', 'an event after out_prod');
    },
    {mutants: [sendsNoEvents, advancesTooFar('outProd'), seesNoFullRing('outProd', 'outCons')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-05',
    async (stand) => {
      const {page} = stand;
      stand.start();
      await mustHear(stand, textBytes('abc'), 'all that was typed');
      stand.must(page.get('inCons') === page.get('inProd'), `in_cons ${page.get('inCons')}`, 'in_prod');
      stand.must(page.events > 0, 'no event', 'the backend is told that there is room');
    },
    {mutants: [sendsNoEvents, advancesTooFar('inCons'), neverPublishes('inCons')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-06',
    async (stand) => {
      const {page} = stand;
      stand.start();
      page.set('inProd', page.get('inCons') + impossibleCounts(IN_BYTES)[stand.choose(3)]);
      page.kick();
      await stand.settle();
      stand.must(stand.typed.length === 0, `the guest gets ${stand.typed.length} bytes`, 'such a ring is not read');
    },
    {orders: 3, mutants: [believesAnyIndex('inProd', 'inCons', IN_BYTES)]},
  ),
  check(
    'frontend/console',
    'CONS-RING-07',
    async (stand) => {
      stand.page.startAt(NEAR_WRAP);
      const driver = stand.start();
      for (const bytes of [textBytes('before'), allBytes]) {
        await mustSay(stand, driver, bytes, 'out_prod goes on over 2^32');
        stand.page.takeSaid();
      }
      await mustHear(stand, allBytes, 'in_cons goes on over 2^32');
      const {page} = stand;
      stand.must(page.get('inCons') === page.get('inProd'), `in_cons ${page.get('inCons')}`, 'in_prod');
    },
    {mutants: [narrowConsole('outProd'), advancesTooFar('inCons')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-08',
    async (stand) => {
      const {page} = stand;
      const driver = stand.start();
      const sent = Uint8Array.from({length: 3 * OUT_BYTES}, (_, i) => (i * 7 + (i >> 8)) & 0xff);
      driver.write(sent);
      const got: number[] = [];
      for (let i = 0; i < 6; i++) {
        await stand.settle();
        const queued = (page.get('outProd') - page.get('outCons')) >>> 0;
        stand.must(queued <= OUT_BYTES, `${queued} bytes are unread`, `at most ${OUT_BYTES}`);
        got.push(...page.takeSaid());
        page.kick();
      }
      stand.must(got.length >= OUT_BYTES, `${got.length} bytes come`, 'output goes on when there is room');
      stand.must(isSubsequence(got, sent), 'bytes that were not said', 'what comes was said, in that order');
    },
    {mutants: [seesNoFullRing('outProd', 'outCons'), advancesTooFar('outProd')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-11',
    async (stand) => {
      const {page} = stand;
      stand.start();
      for (let i = 0; i < 50; i++) {
        page.kick();
        await stand.settle(1e6);
      }
      const due = 'an event without data does nothing';
      stand.must(stand.typed.length === 0, `the guest gets ${stand.typed.length} bytes`, due);
      stand.must(page.events === 0, `${page.events} events are sent back`, due);
    },
    {mutants: [takesEventForData('inProd')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-13',
    (stand) => mustSay(stand, stand.start(), textBytes('booting'), 'output that nobody reads yet waits on the ring'),
    {mutants: [neverPublishes('outProd')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-14',
    async (stand) => {
      await mustSay(stand, stand.start(), allBytes, 'bytes as they were said');
      await mustHear(stand, allBytes, 'bytes as they were typed');
    },
    {mutants: [stripsEighthBit('outProd')]},
  ),
];
