import {check, type Check} from '../../check.ts';
import {
  advancesTooFar,
  believesAnyIndex,
  failsForGood,
  losesLastWords,
  mapsFirstRing,
  misplaces,
  narrowConsole,
  neverPublishes,
  remembersIndex,
  seesNoFullRing,
  sendsNoEvents,
  servesAnyType,
  stripsEighthBit,
  writesNoTty,
} from '../../mutants/console.ts';
import {IN_BYTES, OUT_BYTES} from '../../peers/console-page.ts';
import type {ConsoleBackendStand, ScriptedGuest} from '../../stand/console-backend.ts';
import {allBytes, impossibleCounts, NEAR_WRAP, sameNumbers, textBytes} from './bytes.ts';

/** What a guest says comes out. */
const mustHear = async (
  stand: ConsoleBackendStand,
  guest: ScriptedGuest,
  bytes: Uint8Array,
  due: string,
): Promise<void> => {
  const heard = await stand.hears(guest, bytes);
  stand.must(sameNumbers(heard, bytes), () => `${heard.length} bytes come out, or others`, due);
  const {page} = guest;
  stand.must(page.get('outCons') === page.get('outProd'), () => `out_cons ${page.get('outCons')}`, 'out_prod');
};

/** What is typed stands on the guest's ring. */
const mustType = async (
  stand: ConsoleBackendStand,
  {page, domid}: ScriptedGuest,
  bytes: Uint8Array,
  due: string,
): Promise<void> => {
  stand.daemon.write(domid, bytes);
  await stand.settle();
  const typed = page.takeTyped();
  stand.must(sameNumbers(typed, bytes), `${typed.length} bytes are typed, or others`, due);
};

const badNodes: readonly Readonly<Record<string, string>>[] = [
  {port: '4095'},
  {port: '4294967295'},
  {port: '-1'},
  {port: 'x'},
  {port: ''},
  {'ring-ref': 'x'},
  {'ring-ref': '-7'},
];

export const consoleBackendChecks: readonly Check[] = [
  check(
    'backend/console',
    'CONS-RING-01',
    async (stand) => {
      const guest = await stand.connect();
      const due = 'in at 0, out at 1024, in_cons, in_prod, out_cons, out_prod from 3072 on';
      await mustHear(stand, guest, textBytes('hello'), due);
      await mustType(stand, guest, textBytes('world'), due);
    },
    {mutants: [misplaces('outCons')]},
  ),
  check(
    'backend/console',
    'CONS-RING-03',
    async (stand) => {
      const guest = await stand.connect();
      const before = guest.page.events;
      await mustHear(stand, guest, new Uint8Array(OUT_BYTES).fill(66), 'all up to out_prod');
      stand.must(guest.page.events > before, 'no event', 'the guest is told that there is room');
    },
    {mutants: [sendsNoEvents, advancesTooFar('outCons'), neverPublishes('outCons')]},
  ),
  check(
    'backend/console',
    'CONS-RING-04',
    async (stand) => {
      const guest = await stand.connect();
      const {page, domid} = guest;
      const sent = Uint8Array.from({length: 2 * IN_BYTES}, (_, i) => (i * 7 + (i >> 8)) & 0xff);
      stand.daemon.write(domid, sent);
      await stand.settle();
      const queued = (page.get('inProd') - page.get('inCons')) >>> 0;
      stand.must(queued <= IN_BYTES, `${queued} bytes are unread`, `at most ${IN_BYTES}`);
      const typed = page.takeTyped();
      stand.must(sameNumbers(typed, sent.subarray(0, typed.length)), 'other bytes', 'what was typed first');
      stand.must(page.events > 0, 'no event', 'the guest is told');
    },
    {mutants: [seesNoFullRing('inProd', 'inCons'), advancesTooFar('inProd')]},
  ),
  check(
    'backend/console',
    'CONS-RING-06',
    async (stand) => {
      const guest = await stand.connect();
      const {page, domid} = guest;
      page.set('outProd', page.get('outCons') + impossibleCounts(OUT_BYTES)[stand.choose(3)]);
      page.kick();
      await stand.settle();
      const {length} = stand.outputOf(domid);
      stand.must(length === 0, `${length} bytes come out`, 'such a ring is not read');
      await mustHear(stand, await stand.connect(), textBytes('b'), 'other consoles go on');
    },
    {orders: 3, mutants: [believesAnyIndex('outProd', 'outCons', OUT_BYTES)]},
  ),
  check(
    'backend/console',
    'CONS-RING-07',
    async (stand) => {
      const guest = await stand.connect(NEAR_WRAP);
      await mustHear(stand, guest, allBytes, 'out_cons goes on over 2^32');
      for (const bytes of [textBytes('before'), allBytes])
        await mustType(stand, guest, bytes, 'in_prod goes on over 2^32');
    },
    {mutants: [narrowConsole('inProd'), advancesTooFar('outCons')]},
  ),
  check(
    'backend/console',
    'CONS-RING-12',
    async (stand) => {
      const guest = await stand.connect();
      await mustHear(stand, guest, textBytes('the first kernel'), 'what the first kernel says');
      guest.page.startAt(0);
      await mustHear(stand, guest, textBytes('the second'), 'what the kernel says that starts at 0 again');
    },
    {mutants: [remembersIndex('outCons')]},
  ),
  check(
    'backend/console',
    'CONS-RING-14',
    async (stand) => {
      const guest = await stand.connect();
      await mustHear(stand, guest, allBytes, 'bytes as they were said');
      await mustType(stand, guest, allBytes, 'bytes as they were typed');
    },
    {mutants: [stripsEighthBit('outProd'), stripsEighthBit('inProd')]},
  ),
  check(
    'backend/console',
    'CONS-NODE-06',
    async (stand) => {
      const guest = await stand.guest();
      await stand.announce(guest, {type: 'ioemu'});
      const heard = await stand.hears(guest, textBytes('x'));
      stand.must(heard.length === 0, 'the console is served', 'another daemon serves that type');
      await mustHear(stand, await stand.connect(), textBytes('y'), 'its own are served');
    },
    {mutants: [servesAnyType]},
  ),
  check(
    'backend/console',
    'CONS-NODE-07',
    async (stand) => {
      const guest = await stand.guest();
      const tty = (): Promise<string | undefined> => stand.read(`/local/domain/${guest.domid}/console/tty`);
      await stand.announce(guest, {port: ''});
      stand.must((await tty()) === '', 'a tty is there', 'none before the console can be served');
      await stand.announce(guest);
      stand.must(Boolean(await tty()), 'tty is empty', 'a path, once the backend is ready');
    },
    {mutants: [writesNoTty]},
  ),
  check(
    'backend/console',
    'CONS-NODE-09',
    async (stand) => {
      const guest = await stand.guest();
      await stand.announce(guest, badNodes[stand.choose(badNodes.length)]);
      await mustHear(stand, await stand.connect(), textBytes('b'), 'garbage of one guest costs its console only');
    },
    {orders: badNodes.length, mutants: [failsForGood]},
  ),
  check(
    'backend/console',
    'CONS-NODE-13',
    async (stand) => {
      const guest = await stand.connect();
      guest.page.say(textBytes('last words'));
      stand.rig.destroy(guest.guest);
      await stand.settle();
      const heard = Uint8Array.from(stand.outputOf(guest.domid));
      stand.must(sameNumbers(heard, textBytes('last words')), `${heard.length} bytes come out`, 'what is on the ring');
    },
    {mutants: [losesLastWords]},
  ),
  check(
    'backend/console',
    'CONS-NODE-14',
    async (stand) => {
      const guests = [await stand.connect(), await stand.connect(), await stand.connect()];
      for (const guest of guests) guest.page.say(textBytes(`I am ${guest.domid}`));
      for (const {page} of guests) page.kick();
      await stand.settle();
      for (const {domid} of guests) {
        const heard = String.fromCharCode(...stand.outputOf(domid));
        stand.must(heard === `I am ${domid}`, `"${heard}" of domain ${domid}`, 'each console by itself');
      }
    },
    {mutants: [mapsFirstRing]},
  ),
];
