import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import test from 'ava';

const DIST = join(process.cwd(), 'dist', 'toolstack', 'xl');

/** Packages and files that are loaded with a module: the graph of its static imports. */
const loadedWith = (entry: string, seen = new Set<string>()): Set<string> => {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  if (!entry.startsWith('/')) return seen;
  const imports = /^(?:import|export)\b(?:[^'"();]*\bfrom)?\s*['"]([^'"]+)['"]/gm;
  for (const [, specifier] of readFileSync(entry, 'utf8').matchAll(imports)) {
    loadedWith(specifier.startsWith('.') ? join(dirname(entry), specifier) : specifier, seen);
  }
  return seen;
};

const packagesOf = (command: string): string[] =>
  [...loadedWith(join(DIST, 'main.js')), ...loadedWith(join(DIST, 'commands', `${command}.js`))]
    .filter((module) => !module.startsWith('/') && !module.startsWith('node:'))
    .filter((module, index, all) => all.indexOf(module) === index);

for (const command of ['list', 'console', 'create', 'info', 'shutdown']) {
  test(`xl ${command} loads no package`, (t) => {
    t.deepEqual(packagesOf(command), []);
  });
}

test('xl list loads few files', (t) => {
  const files = loadedWith(join(DIST, 'commands', 'list.js'), loadedWith(join(DIST, 'main.js')));
  const ours = [...files].filter((module) => module.startsWith('/'));
  t.true(ours.length > 8, 'the graph has been walked');
  t.true(ours.length <= 32, ours.join('\n'));
});
