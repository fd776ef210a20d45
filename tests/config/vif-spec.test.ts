import test from 'ava';
import {ConfigError} from '../../toolstack/config/config-error.ts';
import {nicToJson} from '../../toolstack/config/device-json.ts';
import {parseVifRate} from '../../toolstack/config/vif-rate.ts';
import {parseVifArguments, parseVifSpec, type VifConfig} from '../../toolstack/config/vif-spec.ts';
import {readFixture, readJsonFixture} from '../support/fixtures.ts';

type Outcome = {exit: number; nic: Record<string, unknown> | null; stderr: string[]};

type Case = {id: number; spec: string; config: Outcome; attach: Outcome & {args: string[]}};

const {cases} = readJsonFixture<{cases: Case[]}>('config', 'vif-specs.json');

const observe = (parse: () => {vif: VifConfig; warnings: readonly string[]}): Outcome => {
  try {
    const {vif, warnings} = parse();
    return {exit: 0, nic: nicToJson(vif), stderr: [...warnings]};
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {exit: error.exitCode, nic: null, stderr: [...error.lines]};
  }
};

/** In a config file an interface without devid= gets its place in the list. */
const inList = (nic: Outcome['nic']): Outcome['nic'] => nic && {devid: 0, ...nic};

for (const {id, spec, config, attach} of cases) {
  test(`specification ${id}: ${spec}`, (t) => {
    const seen = observe(() => parseVifSpec(spec, 'v.cfg'));
    t.deepEqual({...seen, nic: inList(seen.nic)}, config);
    const {args, ...expected} = attach;
    t.deepEqual(
      observe(() => parseVifArguments(args)),
      expected,
    );
  });
}

type RateFacts = {
  rate: string;
  ok: boolean;
  messages: string[];
  rate_bytes_per_interval: number;
  rate_interval_usecs: number;
};

test('rates', (t) => {
  const lines = readFixture('config', 'fuzz-vif-rate.jsonl').trim().split('\n');
  t.is(lines.length, 108);
  for (const line of lines) {
    const facts = JSON.parse(line) as RateFacts;
    const seen = parseVifRate(facts.rate);
    if ('error' in seen) {
      t.deepEqual([`command line: config parsing error in vif: ${seen.error} in \`${seen.part}'`], facts.messages);
    } else {
      const {rate_bytes_per_interval: bytesPerInterval, rate_interval_usecs: intervalUs} = facts;
      t.deepEqual(seen, {bytesPerInterval, intervalUs}, facts.rate);
      t.true(facts.ok, facts.rate);
    }
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
