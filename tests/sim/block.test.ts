import test from 'ava';
import {simulateBlock} from './block-run.ts';

/** PVSIM_SIM_SEEDS=FIRST-LAST runs others; docs/block.md says how long ten thousand take. */
const [first, last] = (process.env.PVSIM_SIM_SEEDS ?? '1-40').split('-').map(Number);

test(`no acknowledged write is lost or torn, whatever fails: seeds ${first} to ${last}`, async (t) => {
  t.timeout(3_600_000);
  for (let seed = first; seed <= last; seed++) {
    t.is(await simulateBlock(seed), undefined, `seed ${seed}: PVSIM_SIM_SEEDS=${seed}-${seed}`);
  }
});
