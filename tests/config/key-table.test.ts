import {readFileSync} from 'node:fs';
import test from 'ava';
import {ignoredSettings, KEYS, type KeyKind} from '../../toolstack/config/key-catalogue.ts';
import {parseConfig} from '../../toolstack/config/grammar.ts';

/** The rows of the table in docs/xl-cfg.md: a key and its state. */
const rows = Array.from(
  readFileSync('docs/xl-cfg.md', 'utf8').matchAll(/^\| `(\w+)` \| .* \| (\w+) \| .* \|$/gm),
  (match) => ({key: match[1], state: match[2]}),
);

/** Something that a key of this kind may ask for. */
const SAMPLES: Readonly<Record<KeyKind, string>> = {
  text: '"x"',
  number: '1',
  boolean: '1',
  list: '[ "x" ]',
  lists: '[ [ "x" ] ]',
  either: '"1"',
};

test('the table of docs/xl-cfg.md has every key', (t) => {
  t.deepEqual(rows.map(({key}) => key).sort(), [...KEYS.keys()].sort());
});

for (const {key, state} of rows) {
  test(`${key}: ${state}, as the table says`, (t) => {
    const {settings} = parseConfig(`${key} = ${SAMPLES[KEYS.get(key)?.kind ?? 'text']}\n`, 'x.cfg');
    const [ignored] = ignoredSettings(settings);
    t.is(ignored?.reason ?? 'works', state as typeof ignored.reason);
  });
}
