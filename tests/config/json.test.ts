import test from 'ava';
import {
  configToJson,
  domain0ToJson,
  scheduleToJson,
  domainConfig,
  formatJson,
  listedDomain,
  parseConfig,
  withDomainDefaults,
} from '../../toolstack/config/index.ts';
import {readFixture} from '../support/fixtures.ts';

const GOLDEN = `
name = "golden"
uuid = "58debae7-2971-40c3-9939-a0897c7cdf59"
kernel = "/spike/vmlinux"
ramdisk = "/spike/domu-initrd.gz"
extra = "console=hvc0 net.ifnames=0 mitigations=off loglevel=7"
memory = 256
disk = [ "format=raw, vdev=xvda, access=rw, target=/spike/d1.img" ]
vif = [ "mac=00:16:3e:00:00:01,bridge=xenbr0" ]
`;

const random = (): number => 0;

test('golden: the text of xl list -l', (t) => {
  const [, , all] = readFixture('config', 'xl-list-l.txt').split('--- stdout\n');
  const config = withDomainDefaults(domainConfig(parseConfig(GOLDEN, 'golden.cfg'), {random}), {random});
  const schedule = {scheduler: 'credit2', weight: 256, cap: 0, vcpus: []};
  const list = [
    listedDomain(0, domain0ToJson({maxMemoryKib: 2_097_152, memoryKib: 2_097_151, schedule})),
    listedDomain(1, configToJson(config, {created: true})),
  ];
  // xl prints the text with puts.
  t.is(`${formatJson(list)}\n`, all.split('--- stderr')[0]);
});

test('what each scheduler says of a domain', (t) => {
  const vcpus = [{period: 10_000, budget: 4000, extratime: true}];
  const json = (scheduler: string) => scheduleToJson({scheduler, weight: 512, cap: 5, vcpus});
  t.deepEqual(json('credit'), {sched: 'credit', weight: 512, cap: 5});
  t.deepEqual(json('rtds'), {sched: 'rtds', period: 10_000, budget: 4000, extratime: 1});
  t.deepEqual(json('null'), {sched: 'null'});
});

test('empty containers hold an empty line', (t) => {
  t.is(
    formatJson({a: {}, b: [], c: [[]]}),
    '{\n    "a": {\n\n    },\n    "b": [\n\n    ],\n    "c": [\n        [\n\n        ]\n    ]\n}\n',
  );
});

test('strings are escaped as yajl does', (t) => {
  t.is(formatJson('a"\\/\n\t\u0001\u001fé'), '"a\\"\\\\/\\n\\t\\u0001\\u001Fé"\n');
});

test('large numbers are written in full', (t) => {
  t.is(formatJson([2 ** 63, -1]), '[\n    9223372036854775808,\n    -1\n]\n');
});

test('absent fields are left out', (t) => {
  t.is(formatJson({a: undefined, b: true}), '{\n    "b": true\n}\n');
});
