import test from 'ava';
import {drawPlan, type PlanOptions} from '../../toolstack/sim/plan.ts';
import {simulate} from '../../toolstack/sim/simulate.ts';

const profiles: readonly (readonly [PlanOptions['profile'], seeds: number])[] = [
  ['small', 60],
  ['large', 4],
  ['net', 20],
  ['disk', 20],
];

for (const [profile, seeds] of profiles) {
  test(`no seed of the ${profile} profile breaks a clause`, async (t) => {
    t.timeout(120_000);
    for (let seed = 1; seed <= seeds; seed++) {
      const {fault} = await simulate(drawPlan(seed, {profile, faults: 'all'}), {referee: true});
      t.is(fault, undefined, `pvsim sim --seed ${seed} --profile ${profile} --referee`);
    }
  });
}
