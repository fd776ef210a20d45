import test from 'ava';
import {rateFacts, vifFacts, type RateFacts, type VifFacts} from '../../toolstack/config/facts/index.ts';
import {parseVifArguments, parseVifSpec} from '../../toolstack/config/vif-spec.ts';
import {readFixture, readJsonFixture} from '../support/fixtures.ts';

type Case = {id: number; spec: string; category: string} & VifFacts;

const {cases} = readJsonFixture<{cases: Case[]}>('config', 'vif-specs.json');

for (const {id, spec, category: _, ...facts} of cases) {
  test(`specification ${id}: ${spec}`, (t) => t.deepEqual(vifFacts(spec, 'v.cfg'), facts));
}

test('rates', (t) => {
  const lines = readFixture('config', 'fuzz-vif-rate.jsonl').trim().split('\n');
  t.is(lines.length, 108);
  for (const line of lines) {
    const {rate, ...facts} = JSON.parse(line) as {rate: string} & RateFacts;
    t.deepEqual(rateFacts(rate), facts, rate);
  }
});

test('bytes of a MAC before a bad group stay', (t) => {
  t.deepEqual(parseVifSpec('mac=00:16:3e:zz:01:02'), {
    vif: {mac: '00:16:3e:00:00:00'},
    warnings: ["Invalid parameter `mac'."],
  });
});

test('the first argument of network-attach swallows its commas, as in xl', (t) => {
  t.deepEqual(parseVifArguments(['mac=00:16:3e:00:00:02,bridge=xenbr0']).vif, {mac: '00:16:3e:00:00:02'});
});

test('proxy settings are carried', (t) => {
  const {vif, warnings} = parseVifSpec('forwarddev=eth1,colo_filter_sec_redirector1_indev=x,colo_filter_bogus=y');
  t.deepEqual(vif.colo, {coloft_forwarddev: 'eth1', colo_filter_sec_redirector1_indev: 'x'});
  t.deepEqual(warnings, ["unrecognized argument `colo_filter_bogus=y'"]);
});
