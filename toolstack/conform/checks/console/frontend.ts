import {check, type Check} from '../../check.ts';
import {
  advancesTooFar,
  believesAnyIndex,
  inventsConsole,
  misplaces,
  narrowConsole,
  neverPublishes,
  seesNoFullRing,
  sendsNoEvents,
  stripsEighthBit,
  takesEventForData,
} from '../../mutants/console.ts';
import {CONSOLE, IN_BYTES, OUT_BYTES} from '../../peers/console-page.ts';
import type {ConsoleFrontendStand} from '../../stand/console-frontend.ts';
import {allBytes, impossibleCounts, isSubsequence, NEAR_WRAP, printableBytes, sameNumbers, textBytes} from './bytes.ts';

/** The guest says the bytes, and they stand on the ring. */
const mustSay = async (stand: ConsoleFrontendStand, bytes: Uint8Array, due: string): Promise<void> => {
  await stand.say(bytes);
  const {said} = stand.page;
  stand.must(sameNumbers(said, bytes), () => `out holds ${said.length} bytes, or others`, due);
};

/** What is typed reaches the guest. */
const mustHear = async (stand: ConsoleFrontendStand, bytes: Uint8Array, due: string): Promise<void> => {
  const heard = await stand.hears(bytes);
  stand.must(sameNumbers(heard, bytes), () => `the guest gets ${heard.length} bytes, or others`, due);
};

/** Bytes on the output ring that nobody has taken. */
const unread = ({page}: ConsoleFrontendStand): number => (page.get('outProd') - page.get('outCons')) >>> 0;

/** @see params.h */
const HVM_PARAM_CONSOLE_PFN = 17;
const HVM_PARAM_CONSOLE_EVTCHN = 18;

export const consoleFrontendChecks: readonly Check[] = [
  check(
    'frontend/console',
    'CONS-RING-01',
    async (stand) => {
      const due = 'in at 0, out at 1024, in_cons, in_prod, out_cons, out_prod from 3072 on';
      await mustSay(stand, textBytes('hello'), due);
      await mustHear(stand, textBytes('world'), due);
    },
    {mutants: [misplaces('outProd')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-02',
    async (stand) => {
      await stand.say(new Uint8Array(OUT_BYTES * 2).fill(65));
      const {page} = stand;
      stand.must(unread(stand) === OUT_BYTES, `${unread(stand)} bytes are unread`, `${OUT_BYTES}, and no more`);
      stand.must(
        page.said.every((byte) => byte === 65),
        'other bytes are published',
        'the bytes come before out_prod',
      );
      stand.must(page.events > 0, 'no event', 'an event after out_prod');
    },
    {mutants: [sendsNoEvents, advancesTooFar('outProd'), seesNoFullRing('outProd', 'outCons')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-02',
    async (stand) => {
      let eventsAtPublish: number | undefined;
      stand.spy.after = ({kind, offset}) => {
        if (kind === 'write' && offset === CONSOLE.outProd) eventsAtPublish ??= stand.page.events;
      };
      await stand.say(textBytes('hello'));
      stand.must(eventsAtPublish === 0, 'an event comes before out_prod', 'out_prod, then the event');
      stand.must(stand.page.events > 0, 'no event', 'an event after out_prod');
    },
    {variant: 'order', mutants: [sendsNoEvents]},
  ),
  check(
    'frontend/console',
    'CONS-RING-05',
    async (stand) => {
      await stand.listen();
      const {page} = stand;
      page.type(textBytes('abc'));
      page.kick();
      await stand.settle();
      stand.must(page.get('inCons') === page.get('inProd'), `in_cons ${page.get('inCons')}`, 'in_prod');
      stand.must(page.events > 0, 'no event', 'the backend is told that there is room');
      const heard = await stand.heard();
      stand.must(sameNumbers(heard, textBytes('abc')), `the guest gets ${heard.length} bytes`, 'all that was typed');
    },
    {mutants: [sendsNoEvents, advancesTooFar('inCons'), neverPublishes('inCons')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-06',
    async (stand) => {
      await stand.listen();
      const {page} = stand;
      const good = page.get('inCons');
      page.set('inProd', good + impossibleCounts(IN_BYTES)[stand.choose(3)]);
      page.kick();
      await stand.settle();
      page.set('inProd', page.get('inCons'));
      const heard = await stand.heard();
      stand.must(heard.length === 0, `the guest gets ${heard.length} bytes`, 'such a ring is not read');
    },
    {orders: 3, mutants: [believesAnyIndex('inProd', 'inCons', IN_BYTES)]},
  ),
  check(
    'frontend/console',
    'CONS-RING-07',
    async (stand) => {
      stand.page.startAt(NEAR_WRAP);
      for (const bytes of [textBytes('before'), printableBytes]) {
        await mustSay(stand, bytes, 'out_prod goes on over 2^32');
        stand.page.takeSaid();
      }
      await mustHear(stand, printableBytes, 'in_cons goes on over 2^32');
      const {page} = stand;
      stand.must(page.get('inCons') === page.get('inProd'), `in_cons ${page.get('inCons')}`, 'in_prod');
    },
    {mutants: [narrowConsole('outProd'), advancesTooFar('inCons')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-08',
    async (stand) => {
      const sent = Uint8Array.from({length: 3 * OUT_BYTES}, (_, i) => (i * 7 + (i >> 8)) & 0xff);
      await stand.say(sent);
      const {page} = stand;
      const got: number[] = [];
      for (let i = 0; i < 6; i++) {
        stand.must(unread(stand) <= OUT_BYTES, `${unread(stand)} bytes are unread`, `at most ${OUT_BYTES}`);
        got.push(...page.takeSaid());
        page.kick();
        await stand.settle();
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
      await stand.listen();
      const {page} = stand;
      for (let i = 0; i < 50; i++) {
        page.kick();
        await stand.settle(1e6);
      }
      const due = 'an event without data does nothing';
      const {events} = page;
      const heard = await stand.heard();
      stand.must(heard.length === 0, `the guest gets ${heard.length} bytes`, due);
      stand.must(events === 0, `${events} events are sent back`, due);
    },
    {mutants: [takesEventForData('inProd')]},
  ),
  check(
    'frontend/console',
    'CONS-RING-13',
    (stand) => mustSay(stand, textBytes('booting'), 'output that nobody reads yet waits on the ring'),
    {mutants: [neverPublishes('outProd')]},
  ),
  ...([HVM_PARAM_CONSOLE_PFN, HVM_PARAM_CONSOLE_EVTCHN] as const).map((param) =>
    check(
      'frontend/console',
      'CONS-NODE-12',
      (stand) => {
        stand.must(!stand.findsConsole(param), 'it drives a console', 'there is none: the parameter is 0');
        return Promise.resolve();
      },
      {variant: `parameter ${param}`, mutants: [inventsConsole]},
    ),
  ),
  check(
    'frontend/console',
    'CONS-RING-14',
    async (stand) => {
      await mustSay(stand, allBytes, 'bytes as they were said');
      await mustHear(stand, allBytes, 'bytes as they were typed');
    },
    {mutants: [stripsEighthBit('outProd')]},
  ),
];
