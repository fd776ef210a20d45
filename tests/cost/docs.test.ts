import {readFileSync} from 'node:fs';
import test from 'ava';
import {priceLists, primitiveNames} from '../../hypervisor/cost/index.ts';

const rows = readFileSync('docs/cost-model.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.slice(2, -2).split(' | '));

const shown = (ns: number): string => String(Math.round(ns * 1e4) / 1e4);

test('docs/cost-model.md names every primitive', (t) => {
  for (const name of primitiveNames)
    t.truthy(
      rows.find(([first]) => first === name),
      name,
    );
});

test('docs/cost-model.md has the prices of every list as they are', (t) => {
  const [standard, ...others] = priceLists;
  for (const [price, {ns, certainty, source}] of Object.entries(standard.tags)) {
    const row = rows.find(([first, second]) => first === price && /^[\d.]+$/.test(second));
    t.deepEqual(row?.toSpliced(2, 1), [price, shown(ns), certainty, source]);
  }
  for (const {name, source, tags} of others) {
    const differing = Object.entries(tags).filter(([price, tag]) => tag !== standard.tags[price as keyof typeof tags]);
    const text = differing.map(([price, {ns}]) => `${price} ${shown(ns)}`).join(', ');
    t.deepEqual(
      rows.find(([first]) => first === name),
      [name, source, text],
    );
  }
});
