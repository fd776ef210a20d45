import test from 'ava';
import {constantsOf} from '../../hypervisor/abi/catalogue.ts';
import {HEADERS} from '../../hypervisor/abi/headers.ts';
import {readJsonFixture} from '../support/fixtures.ts';

type Values = Record<string, number | string>;

interface ConstantFacts {
  defines: Record<string, Values>;
  definesX86_32: Record<string, Values>;
  onlyX86_64: Record<string, string[]>;
  strings: Record<string, Values>;
  stringsX86_32: Values;
  enums: Record<string, Record<string, Values>>;
}

const facts = readJsonFixture<ConstantFacts>('abi', 'constants.json');

/** Numbers beyond 2^53 stand as hex strings in the fixture and are bigints here. */
const asNumber = (value: number | string): number | bigint => (typeof value === 'string' ? BigInt(value) : value);

const numbers = (values: Values = {}): [string, number | bigint][] =>
  Object.entries(values).map(([name, value]) => [name, asNumber(value)]);

const expectedX86_64 = (header: string): Map<string, unknown> =>
  new Map<string, unknown>([
    ...numbers(facts.defines[header]),
    ...Object.values(facts.enums[header] ?? {}).flatMap((values) => numbers(values)),
    ...Object.entries(facts.strings[header] ?? {}),
  ]);

const expectedX86_32 = (header: string): Map<string, unknown> => {
  const expected = expectedX86_64(header);
  for (const name of facts.onlyX86_64[header] ?? []) expected.delete(name);
  for (const [other, values] of Object.entries(facts.definesX86_32))
    if (other !== header) for (const name of Object.keys(values)) expected.delete(name);
  for (const [name, value] of numbers(facts.definesX86_32[header])) expected.set(name, value);
  for (const [name, value] of Object.entries(facts.stringsX86_32)) if (expected.has(name)) expected.set(name, value);
  return expected;
};

const sorted = (map: ReadonlyMap<string, unknown>): [string, unknown][] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

test('every header with constants has a file', (t) => {
  const {defines, definesX86_32, strings, enums} = facts;
  for (const header of [defines, definesX86_32, strings, enums].flatMap((each) => Object.keys(each)))
    t.true(header in HEADERS, header);
});

for (const header of Object.keys(HEADERS)) {
  test(`x86_64: constants of ${header}`, (t) => {
    t.deepEqual(sorted(constantsOf(header, 'x86_64')), sorted(expectedX86_64(header)));
  });

  test(`x86_32: constants of ${header}`, (t) => {
    t.deepEqual(sorted(constantsOf(header, 'x86_32')), sorted(expectedX86_32(header)));
  });
}
