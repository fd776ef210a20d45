import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import test from 'ava';

const pages = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))].filter((path) =>
  path.endsWith('.md'),
);

const linksOf = (text: string): string[] =>
  Array.from(text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g), (match) => match[1]);

test('links of the README and the docs lead to files that exist', (t) => {
  const dead: string[] = [];
  let links = 0;
  for (const page of pages) {
    for (const link of linksOf(readFileSync(page, 'utf8'))) {
      if (/^[a-z]+:/.test(link)) continue;
      links++;
      if (!existsSync(join(dirname(page), link))) dead.push(`${page}: ${link}`);
    }
  }
  t.deepEqual(dead, []);
  t.true(links > 30);
});

test('the guest program of the README is the one in examples', (t) => {
  const program = readFileSync('examples/guest-program.ts', 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('/**'))
    .join('\n')
    .trim();
  t.true(readFileSync('README.md', 'utf8').includes(program));
});

test('the commands of the README are those of package.json', (t) => {
  const {scripts} = JSON.parse(readFileSync('package.json', 'utf8')) as {scripts: Record<string, string>};
  const text = readFileSync('README.md', 'utf8');
  for (const match of text.matchAll(/npm (?:run )?(start|test|bench|build)\b/g)) t.truthy(scripts[match[1]], match[0]);
});
