import test from 'ava';
import {keepsGrants, keepsMappings, keepsPorts} from '../../toolstack/conform/mutants/leaks.ts';
import {takesBackAnyway} from '../../toolstack/conform/mutants/grantor.ts';
import {mapsAllWritable} from '../../toolstack/conform/mutants/blkif.ts';
import type {Mutant} from '../../toolstack/conform/mutants/mutant.ts';
import {answersTxId, grantsReadonly, miswritesTxId} from '../../toolstack/conform/mutants/netif.ts';
import {publishesRaw, stridesBy} from '../../toolstack/conform/mutants/ring-layout.ts';
import {
  alwaysNotifies,
  armsTooFar,
  neverNotifies,
  neverRearms,
  notifiesOnEqual,
  takesOneAnEvent,
  waitsForEvent,
} from '../../toolstack/conform/mutants/ring-notify.ts';
import {backWords, frontWords, overpublishes} from '../../toolstack/conform/mutants/ring.ts';
import {
  backState,
  connectsAnyway,
  frontState,
  neverWrites,
  publishesLate,
} from '../../toolstack/conform/mutants/store.ts';
import {formatLedger} from '../../toolstack/referee/index.ts';
import {type PairOptions, RefereedPair} from './refereed-pair.ts';

type Fault = readonly [
  clause: string,
  side: 'frontend' | 'backend',
  mutant: Mutant,
  features?: PairOptions['features'],
];

/** Byte of a ring page. */
const REQ_EVENT = 4;

const sameId = (): number => 5;
const strangeId = (): number => 77;

/** Each fault with the clause that the referee has to name, and nobody but that side may be blamed for it. */
const faults: readonly Fault[] = [
  ['XENBUS-SM-04', 'frontend', neverWrites('ring-ref')],
  ['XENBUS-SM-04', 'frontend', neverWrites('tx-ring-ref')],
  ['XENBUS-SM-04', 'frontend', publishesLate('ring-ref', frontState, 3)],
  ['XENBUS-SM-03', 'backend', publishesLate('multi-queue-max-queues', backState, 2)],
  ['XENBUS-SM-05', 'backend', neverWrites('sectors')],
  ['XENBUS-SM-05', 'backend', connectsAnyway(backState)],
  ['RING-LAY-05', 'frontend', publishesRaw(REQ_EVENT, 0)],
  ['RING-IDX-02', 'frontend', overpublishes(frontWords, 40)],
  ['RING-IDX-06', 'backend', overpublishes(backWords, 1)],
  ['RING-NTF-01', 'frontend', neverNotifies],
  ['RING-NTF-01', 'backend', neverNotifies],
  ['RING-NTF-01', 'frontend', notifiesOnEqual(frontWords)],
  ['RING-NTF-01', 'backend', notifiesOnEqual(backWords)],
  ['RING-NTF-03', 'frontend', neverRearms(frontWords)],
  ['RING-NTF-03', 'backend', neverRearms(backWords)],
  ['RING-NTF-03', 'frontend', takesOneAnEvent(frontWords)],
  ['RING-NTF-03', 'frontend', waitsForEvent(frontWords)],
  ['RING-NTF-04', 'frontend', armsTooFar(frontWords)],
  ['RING-NTF-04', 'backend', armsTooFar(backWords)],
  ['BLKIF-REQ-01', 'backend', stridesBy(112, 108)],
  ['NETIF-TX-12', 'backend', answersTxId('answers request 77 only', strangeId)],
  ['NETIF-TX-14', 'frontend', miswritesTxId('sends request 5 only', sameId)],
  ['GRANT-MAP-02', 'frontend', grantsReadonly],
  ['GRANT-MAP-02', 'backend', mapsAllWritable, {persistent: false}],
  ['GRANT-TBL-07', 'frontend', takesBackAnyway],
  ['GRANT-UNM-09', 'backend', keepsMappings],
  ['EVTCHN-USE-03', 'backend', keepsPorts],
];

for (const [clause, side, mutant, features] of faults) {
  test(`${clause}: a ${side} that ${mutant.name}`, async (t) => {
    const pair = await RefereedPair.start({mutant, side, features});
    await pair.live();
    t.true(pair.clauses.includes(clause), pair.clauses.join(' ') || 'nothing was found');
    const guilty: number = side === 'frontend' ? pair.guest.domain.id : 0;
    for (const breach of pair.breaches.filter((each) => each.clause === clause))
      t.is(Number(breach.domid), guilty, breach.done);
  });
}

type Loss = readonly [leaks: string, side: 'frontend' | 'backend', mutant: Mutant];

/** What is lost of the disk, as the ledger has it. */
const losses: readonly Loss[] = [
  ['grants of d1 (d1 vbd/51712)', 'frontend', keepsGrants],
  ['1 port of d1 (d1 vbd/51712)', 'frontend', keepsPorts],
  ['mappings of d0 (d1 vbd/51712)', 'backend', keepsMappings],
  ['ports of d0 (d1)', 'backend', keepsPorts],
];

for (const [leaks, side, mutant] of losses) {
  test(`the ledger of a guest whose ${side} ${mutant.name} has ${leaks}`, async (t) => {
    const pair = await RefereedPair.start({mutant, side});
    await pair.live();
    t.is(pair.ledgers.length, 1);
    t.true(formatLedger(pair.ledgers[0]).includes(leaks), formatLedger(pair.ledgers[0]));
  });
}

test('the ledger of a guest whose drivers are sound is empty', async (t) => {
  const pair = await RefereedPair.start();
  await pair.live();
  t.deepEqual(pair.breaches, []);
  t.deepEqual(pair.ledgers.map(formatLedger), ['d1 leaves nothing behind']);
  t.is(pair.ledgers[0].spuriousEvents, 0);
});

test('a frontend that always notifies is counted, not blamed', async (t) => {
  const pair = await RefereedPair.start({mutant: alwaysNotifies(frontWords), side: 'frontend'});
  await pair.live();
  t.deepEqual(pair.breaches, []);
  t.true(pair.ledgers[0].spuriousEvents > 0);
});
