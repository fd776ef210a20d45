import {readdirSync} from 'node:fs';
import test from 'ava';
import {ConfigError} from '../../toolstack/config/config-error.ts';
import {encodeJson, parseFacts, type ParseFacts} from '../../toolstack/config/facts/index.ts';
import {parseConfig, withOverrides} from '../../toolstack/config/grammar.ts';
import {rawValue, type RawValue, type Settings} from '../../toolstack/config/settings.ts';
import {fixturePath, readFixture, readJsonFixture} from '../support/fixtures.ts';

type Recorded = Omit<ParseFacts, 'as_number'> & {as_number?: Record<string, number | object>};

/** JSON knows no big integers. */
const asJson = (facts: ParseFacts): unknown => JSON.parse(encodeJson(facts));

const raw = (settings: Settings): Record<string, RawValue> =>
  Object.fromEntries([...settings].map(([key, {value}]) => [key, rawValue(value)]));

const corpus = readdirSync(fixturePath('config', 'cfg-corpus')).filter((name) => name.endsWith('.cfg'));

for (const name of corpus) {
  test(`corpus: ${name}`, (t) => {
    const facts = readJsonFixture<{parse: Recorded}>('config', 'cfg-corpus', name.replace('.cfg', '.expected.json'));
    t.deepEqual(asJson(parseFacts(readFixture('config', 'cfg-corpus', name), name)), facts.parse);
  });
}

const fuzz = readFixture('config', 'fuzz-cfg.jsonl').trim().split('\n');

test('fuzz: every generated file parses or fails as in the real parser', (t) => {
  t.is(fuzz.length, 250);
  for (const line of fuzz) {
    const {text, ...facts} = JSON.parse(line) as Recorded & {text: string};
    const errno = facts.ok ? 'OK' : 'EINVAL';
    t.deepEqual(asJson(parseFacts(text, 'f.cfg')), {...facts, errno}, JSON.stringify(text));
  }
});

type RealWorld = {file?: string; ok: boolean; settings?: Record<string, RawValue>};

test('real files: settings', (t) => {
  const files = readJsonFixture<RealWorld[]>('config', 'realworld', 'facts.json').filter(
    ({file}) => file !== undefined,
  );
  t.is(files.length, 44);
  for (const {file, settings} of files) {
    const parsed = parseConfig(readFixture('config', 'realworld', file!), file!);
    t.deepEqual(raw(parsed.settings), settings, file);
  }
});

const syntaxErrorOf = (text: string): ConfigError => {
  try {
    parseConfig(text, 'x.cfg');
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error('no syntax error');
};

test('an error carries file, line, column and exit code', (t) => {
  const error = syntaxErrorOf('name = "a"\n\tvif = [ bridge=x ]\n');
  t.is(error.file, 'x.cfg');
  t.is(error.line, 2);
  t.is(error.column, 10);
  t.is(error.exitCode, 1);
  t.is(error.lines.at(-1), 'Failed to parse config: Invalid argument');
});

test('the true line of an unexpected newline is known although the message is one too small', (t) => {
  const [first] = syntaxErrorOf('a = 1\nx =\n').diagnostics;
  t.like(first, {line: 2, column: 4});
  t.regex(first.text, /^x\.cfg:1: .* near <newline>: /);
});

test('golden: an unfinished list at the end of a file', (t) => {
  t.is(
    syntaxErrorOf('disk = [ "a" \n').lines[0],
    "x.cfg:1: config parsing error near `': syntax error, unexpected $end, expecting ']'",
  );
});

test('values and settings know their places', (t) => {
  const {settings} = parseConfig('a = 1\n  disk = [ "x",\n "y" ]', 'x.cfg');
  const disk = settings.get('disk')!;
  t.like(disk, {line: 2, column: 3});
  t.like(disk.value, {kind: 'list', line: 2, column: 10, items: [{column: 12}, {line: 3, column: 2}]});
});

test('settings stand in the order of their last assignment', (t) => {
  t.deepEqual([...parseConfig('a=1\nb=2\na=3', 'x').settings.keys()], ['b', 'a']);
});

test('an unfinished line of junk at the end of the file goes unnoticed, as in the real scanner', (t) => {
  t.deepEqual(raw(parseConfig('a = 1 @', 'x').settings), {a: '1'});
});

test('lists nest a thousand deep, deeper ones end in an error', (t) => {
  const nested = (depth: number): string => `a = ${'['.repeat(depth)}${']'.repeat(depth)}\n`;
  t.is(parseConfig(nested(1000), 'x').settings.size, 1);
  t.regex(syntaxErrorOf(nested(100_000)).message, /memory exhausted/);
});

test('overrides are lines after the file', (t) => {
  t.is(withOverrides('a=1', []), 'a=1');
  const {settings} = parseConfig(withOverrides('a=1\nb=2', ['a="z"', 'c=[1]']), 'x');
  t.deepEqual(raw(settings), {b: '2', a: 'z', c: ['1']});
  t.is(settings.get('a')!.line, 3);
});
