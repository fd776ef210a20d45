import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import test from 'ava';

/** Rooms in the order in which imports may point: each only to itself and to those before it. */
const rooms = ['abi', 'hypervisor', 'frontends', 'backends', 'toolstack', 'tests'] as const;
type Room = (typeof rooms)[number];

const mayImport: Record<Room, readonly Room[]> = {
  abi: ['abi'],
  hypervisor: ['abi', 'hypervisor'],
  frontends: ['abi', 'hypervisor', 'frontends'],
  backends: ['abi', 'hypervisor', 'backends'],
  toolstack: ['abi', 'hypervisor', 'frontends', 'backends', 'toolstack'],
  tests: [...rooms],
};

/** Where Node's own modules may be imported: only there does the host touch the world. */
const touchesTheWorld = (path: string): boolean =>
  path.startsWith('toolstack/') ||
  path.startsWith('tests/') ||
  path.startsWith('backends/storage/') ||
  path.startsWith('backends/network/uplink') ||
  path.startsWith('hypervisor/xenstore/socket');

/** Where time and chance of the machine may be taken. */
const hasTheClock = (path: string): boolean => path.startsWith('hypervisor/schedule/') || path.startsWith('tests/');

const sources = (directory: string): string[] =>
  readdirSync(directory, {withFileTypes: true, recursive: true})
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative('.', join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('tests/fixtures/'));

const files = ['hypervisor', 'frontends', 'backends', 'toolstack', 'tests']
  .flatMap(sources)
  .map((path) => ({path, text: readFileSync(path, 'utf8')}));

const roomOf = (path: string): Room => {
  if (path.startsWith('hypervisor/abi/')) return 'abi';
  return path.split('/')[0] as Room;
};

const importsOf = (text: string): string[] =>
  Array.from(
    text.matchAll(/(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^']+)'|import\('([^']+)'\)/g),
    (match) => match[1] ?? match[2],
  );

test('the parser of this test sees every form of import', (t) => {
  const text = `import {a} from './a.ts';\nimport type {B} from '../b.ts';\nexport {c} from './c.ts';\nexport * from 'd';
import 'e';\nimport {\n  f,\n  g,\n} from './f.ts';\nconst h = await import('node:h');\n`;
  t.deepEqual(importsOf(text), ['./a.ts', '../b.ts', './c.ts', 'd', 'e', './f.ts', 'node:h']);
});

test('imports point one way: abi, hypervisor, then frontends or backends, then toolstack', (t) => {
  const breaches: string[] = [];
  for (const {path, text} of files) {
    for (const specifier of importsOf(text)) {
      if (!specifier.startsWith('.')) continue;
      const target = join(dirname(path), specifier);
      if (target.startsWith('examples/')) continue;
      if (!mayImport[roomOf(path)].includes(roomOf(target))) breaches.push(`${path} imports ${target}`);
    }
  }
  t.deepEqual(breaches, []);
  t.true(files.length > 100, 'the test looked at the project');
});

test('frontends and backends meet only through pages, ports and xenstore', (t) => {
  t.false(mayImport.frontends.includes('backends'));
  t.false(mayImport.backends.includes('frontends'));
});

test('node modules are imported only where the outside world is touched', (t) => {
  const breaches: string[] = [];
  for (const {path, text} of files) {
    if (touchesTheWorld(path)) continue;
    for (const specifier of importsOf(text))
      if (specifier.startsWith('node:')) breaches.push(`${path} imports ${specifier}`);
  }
  t.deepEqual(breaches, []);
});

test('time and chance come from hypervisor/schedule', (t) => {
  const calls =
    /\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(|\bMath\.random\(|\bperformance\.now\(/;
  const breaches = files
    .filter(({path, text}) => !hasTheClock(path) && !path.startsWith('toolstack/') && calls.test(text))
    .map(({path}) => path);
  t.deepEqual(breaches, []);
});
