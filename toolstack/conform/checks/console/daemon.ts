import {check, type Check} from '../../check.ts';
import {mapsFirstRing, remembersNode, starvesOthers} from '../../mutants/console.ts';
import {readsInstead} from '../../mutants/store.ts';
import {CONSOLE, OUT_BYTES} from '../../peers/console-page.ts';
import type {ConsoleBackendStand, ScriptedGuest} from '../../stand/console-backend.ts';
import {sameNumbers, textBytes} from './bytes.ts';

/** Rings full that a guest says without a pause. */
const FLOOD = 60;
/** What may come of it before another guest is heard. */
const FAIR_BYTES = 65_536;
const KEPT_BYTES = 4096;
/** Where the ring of a guest on a stand lies. */
const RING_GFN = '2';

/** Fills the ring again each time that the daemon has taken what was on it. */
const flood = (stand: ConsoleBackendStand, {page}: ScriptedGuest): void => {
  let left = FLOOD;
  const fill = (): void => {
    if (left-- <= 0) return;
    page.say(new Uint8Array(OUT_BYTES).fill(66));
    page.kick();
  };
  stand.spy.after = ({kind, offset}) => {
    const isTaken = kind === 'write' && offset === CONSOLE.outCons && page.get('outProd') === page.get('outCons');
    if (isTaken) fill();
  };
  fill();
};

const mustHear = async (
  stand: ConsoleBackendStand,
  guest: ScriptedGuest,
  words: string,
  due: string,
): Promise<void> => {
  const heard = await stand.hears(guest, textBytes(words));
  stand.must(sameNumbers(heard, textBytes(words)), `${heard.length} bytes come out, or others`, due);
};

/** What a daemon that serves many consoles owes to each. */
export const consoleDaemonChecks: readonly Check[] = [
  check(
    'backend/console',
    'CONS-RING-09',
    async (stand) => {
      const [loud, other] = [await stand.connect(), await stand.connect()];
      let before: number | undefined;
      stand.onHeard = (domid) => {
        if (domid === other.domid) before ??= stand.outputOf(loud.domid).length;
      };
      flood(stand, loud);
      other.page.say(textBytes('x'));
      other.page.kick();
      await stand.settle();
      stand.must(
        before !== undefined && before <= FAIR_BYTES,
        `${before ?? 'all'} bytes of the loud guest come first`,
        `others have their turn after ${FAIR_BYTES} at most`,
      );
      const {length} = stand.outputOf(loud.domid);
      stand.must(length === FLOOD * OUT_BYTES, `${length} bytes of the loud guest come out`, 'all that it said');
    },
    {mutants: [starvesOthers]},
  ),
  check(
    'backend/console',
    'CONS-RING-10',
    async (stand) => {
      const guest = await stand.guest();
      await stand.announce(guest, {limit: String(KEPT_BYTES)});
      for (let i = 0; i < 6; i++) await stand.hears(guest, new Uint8Array(OUT_BYTES).fill(65 + i));
      const kept = stand.daemon.kept?.(guest.domid) ?? stand.inconclusive('it does not say what it keeps');
      stand.must(kept <= KEPT_BYTES, `${kept} bytes are kept`, `${KEPT_BYTES} at most, as limit says`);
    },
    {mutants: [readsInstead('does not look at limit', /console\/limit$/, () => '1048576')]},
  ),
  check(
    'backend/console',
    'CONS-NODE-02',
    async (stand) => {
      const guest = await stand.guest();
      await stand.announce(guest, {'ring-ref': '40'});
      const heard = await stand.hears(guest, textBytes('x'));
      stand.must(heard.length === 0, 'the console is served', 'ring-ref and the reserved grant name the same frame');
      await mustHear(stand, await stand.connect(), 'y', 'others are served');
    },
    {mutants: [readsInstead('does not compare ring-ref', /console\/ring-ref$/, () => RING_GFN), mapsFirstRing]},
  ),
  ...[false, true].map((toPage) =>
    check(
      'backend/console',
      'CONS-NODE-08',
      async (stand) => {
        const guest = await stand.connect();
        await mustHear(stand, guest, 'before', 'the console is served');
        const moved = stand.moves(guest, toPage);
        await stand.announce(moved);
        await mustHear(stand, moved, 'after', 'it is served where the nodes say now');
        stand.daemon.write(moved.domid, textBytes('typed'));
        await stand.settle();
        stand.must(moved.page.events > 0, 'no event', 'events at the new port');
        stand.must(sameNumbers(moved.page.takeTyped(), textBytes('typed')), 'other bytes', 'what was typed');
        const {grants} = moved.guest.domain;
        stand.must(grants.pinned === 2, `${grants.pinned} pages are mapped`, 'the rings of store and console');
      },
      {
        variant: toPage ? 'page' : 'port',
        mutants: [remembersNode('port'), ...(toPage ? [remembersNode('ring-ref')] : [])],
      },
    ),
  ),
];
