import test from 'ava';
import {check} from '../../toolstack/conform/check.ts';
import {Choices} from '../../toolstack/conform/choices.ts';
import {ownImplementation} from '../../toolstack/conform/iut/own.ts';
import {runCheck} from '../../toolstack/conform/run/run-check.ts';

const none = {mutants: []};

test('a check that holds passes, once for each seed', async (t) => {
  const holds = check('backend/vbd', 'RING-LAY-01', async (stand) => stand.must(true, 'never', 'always'), {
    ...none,
    seeds: 3,
  });
  t.like(await runCheck(holds, ownImplementation), {
    verdict: 'pass',
    runs: 3,
    check: 'RING-LAY-01 backend/vbd',
    iut: 'pvsim',
  });
});

test('a breach is reported with what was seen, what is due, the seed, the ring and the steps', async (t) => {
  const breaks = check(
    'backend/vbd',
    'RING-LAY-01',
    async (stand) => {
      await stand.connect();
      await stand.serves();
      stand.must(stand.choices.seed < 8, 'blue', 'red');
    },
    {...none, seeds: 5},
  );
  const result = await runCheck(breaks, ownImplementation, {seed: 6});
  t.like(result, {verdict: 'fail', runs: 3, seed: '8', seen: 'blue', due: 'red'});
  t.regex(result.dump?.[0] ?? '', /^req_prod=0x1 req_event=0x2 rsp_prod=0x1/);
  const steps = result.steps?.map(({who, what}) => `${who} ${what}`) ?? [];
  t.true(steps.includes('peer publishes req_prod 1'));
  t.true(steps.includes('iut ring-ref: rsp_prod = 0x1'));
  const again = await runCheck(breaks, ownImplementation, {replay: Choices.parse(result.seed ?? '')});
  t.deepEqual(again.steps, result.steps, 'the same seed, the same steps');
});

test('what never comes is a breach, in virtual time', async (t) => {
  const waits = check(
    'frontend/vbd',
    'RING-LAY-01',
    (stand) => stand.within(new Promise<void>(() => undefined), 'an end'),
    none,
  );
  t.like(await runCheck(waits, ownImplementation), {verdict: 'fail', seen: 'nothing within 30 s', due: 'an end'});
});

test('a check that cannot judge is inconclusive, one that throws is an error', async (t) => {
  const unsure = check('frontend/vbd', 'RING-LAY-01', async (stand) => stand.inconclusive('no feature'), none);
  t.like(await runCheck(unsure, ownImplementation), {verdict: 'inconclusive', reason: 'no feature', runs: 1});
  const throws = check('frontend/vbd', 'RING-LAY-01', () => Promise.reject(new TypeError('oops')), none);
  const result = await runCheck(throws, ownImplementation);
  t.is(result.verdict, 'error');
  t.regex(result.reason ?? '', /TypeError: oops/);
});

test('what is left open is enumerated in every order, and a breach is found again by its seed', async (t) => {
  const seen: string[] = [];
  const enumerates = check(
    'backend/vbd',
    'RING-LAY-01',
    async (stand) => {
      const pick = `${stand.choose(2)}${stand.choose(3)}`;
      seen.push(pick);
      stand.must(pick !== '12', pick, 'anything else');
    },
    {...none, orders: 100},
  );
  const result = await runCheck(enumerates, ownImplementation);
  t.deepEqual(seen, ['00', '01', '02', '10', '11', '12']);
  t.like(result, {verdict: 'fail', seed: '1:1.2', runs: 6});
  t.is((await runCheck(enumerates, ownImplementation, {replay: Choices.parse('1:1.2')})).verdict, 'fail');
});

test('the order of ready tasks is part of an enumeration', async (t) => {
  const orders = new Set<string>();
  const enumerates = check(
    'backend/vbd',
    'RING-LAY-01',
    async (stand) => {
      const order: number[] = [];
      await stand.inEveryOrder(async () => {
        for (const each of [1, 2, 3]) stand.rig.schedule.post(() => order.push(each));
        await stand.settle();
      });
      orders.add(order.join(''));
    },
    {...none, orders: 100},
  );
  await runCheck(enumerates, ownImplementation);
  t.deepEqual([...orders].toSorted(), ['123', '132', '213', '231', '312', '321']);
});

test('seeds that are none are refused', (t) => {
  for (const text of ['', 'x', '1:x', '1.2', '-1']) t.is(Choices.parse(text), undefined, text);
  t.is(String(Choices.parse('7')), '7');
});
