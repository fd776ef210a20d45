import {readFileSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {stateDiagrams} from '../../toolstack/referee/state-diagrams.ts';

const PAGE = 'docs/xenbus-states.md';

test('docs/xenbus-states.md is that of the tables', (t) => {
  if (process.env.PVSIM_WRITE_DOCS === '1') writeFileSync(PAGE, stateDiagrams());
  t.is(readFileSync(PAGE, 'utf8'), stateDiagrams(), 'to bring it up to date, run this test with PVSIM_WRITE_DOCS=1');
});

test('each kind of device has a diagram for either end', (t) => {
  const page = stateDiagrams();
  for (const type of ['vbd', 'vif', 'vscsi', 'console']) t.regex(page, new RegExp(`^## ${type}: `, 'm'));
  t.is(page.match(/^stateDiagram-v2$/gm)?.length, 8);
  t.regex(page, /^ {4}Initialising --> Initialised: ring-ref, event-channel$/m);
});
