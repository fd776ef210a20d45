import test from 'ava';
import {ConfigError, configToJson, domainConfig, parseConfig, type JsonObject} from '../../toolstack/config/index.ts';
import {parsePciSpec} from '../../toolstack/config/pci-spec.ts';
import {parseRdmSpec} from '../../toolstack/config/rdm-spec.ts';
import {readFixture} from '../support/fixtures.ts';

const recorded = <T>(name: string): T[] =>
  readFixture('config', name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

type PciFacts = {spec: string; ok: boolean; rc: number; messages: string[]; pci?: object};

test('recorded PCI specifications', (t) => {
  const cases = recorded<PciFacts>('pci-specs.jsonl');
  t.is(cases.length, 36);
  for (const {spec, ...facts} of cases) {
    const seen = parsePciSpec(spec);
    if ('rc' in seen) {
      t.deepEqual({ok: false, ...seen}, facts as typeof facts & {ok: false}, spec);
      continue;
    }
    const {vfuncMask, powerMgmt, rdmPolicy, name, ...rest} = seen;
    const pci = {...rest, vfunc_mask: vfuncMask, power_mgmt: powerMgmt, rdm_policy: rdmPolicy ?? 'invalid'};
    t.deepEqual({ok: true, rc: 0, messages: [], pci: {...pci, name: name ?? null}}, facts as never, spec);
  }
});

test('recorded RDM specifications', (t) => {
  const cases = recorded<{spec: string; rc: number}>('rdm-specs.jsonl');
  t.is(cases.length, 9);
  for (const {spec, rc: _, ...facts} of cases) t.deepEqual(parseRdmSpec(spec) as object, facts, spec);
});

const read = (text: string): JsonObject =>
  configToJson(domainConfig(parseConfig(`name="n"\nkernel="/k"\n${text}`, 'x.cfg'), {random: () => 0}));

const problem = (text: string): ConfigError => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error('no error');
};

test('devices in a config: defaults of the other keys, and what a PV guest gets with them', (t) => {
  const {pcidevs, b_info} = read('pci_seize=1\npci=["01:00.0,permissive=1","name=gpu,seize=0"]') as Record<
    string,
    never
  >;
  t.deepEqual(pcidevs, [
    {bus: 1, vfunc_mask: 1, permissive: true, seize: true, rdm_policy: 'strict'},
    {rdm_policy: 'strict', name: 'gpu'},
  ]);
  t.deepEqual(b_info['type.pv'], {e820_host: 'True'});
});

test("a bad device ends it with libxl's error number; libxlu's message has no newline", (t) => {
  t.like(problem('pci=["01:00.0,foo=1"]'), {
    exitCode: 6,
    lines: ["Unknown PCI_SPEC_STRING option: foounable to parse PCI_SPEC_STRING `01:00.0,foo=1' for passthrough"],
  });
  t.is(problem('pci=["01:00.0,rdm_policy=x"]').exitCode, 3);
});

test('rdm= of an HVM guest, and the policy its devices take from it', (t) => {
  const hvm = read('type="hvm"\nrdm="strategy=host"\npci=["1:0.0"]') as Record<string, JsonObject>;
  t.deepEqual((hvm.b_info['type.hvm'] as JsonObject).rdm, {strategy: 'host'});
  t.deepEqual(hvm.pcidevs as unknown, [{bus: 1, vfunc_mask: 1}]);
});
