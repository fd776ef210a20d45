import test from 'ava';
import {ConfigError} from '../../toolstack/config/config-error.ts';
import {parseDiskSpec} from '../../toolstack/config/disk-spec.ts';
import {diskFacts} from '../../toolstack/config/facts/index.ts';
import {readFixture, readJsonFixture} from '../support/fixtures.ts';

type Recorded = {ok: boolean; messages: string[]; disk?: Record<string, unknown>};

/** The facts of the disk that a recording has: not all have all of them. */
const seen = (specs: readonly string[], recorded: Recorded): object => {
  const facts = diskFacts(specs);
  const pick = (from: object, keys: object): object =>
    Object.fromEntries(Object.entries(from).filter(([key]) => Object.hasOwn(keys, key)));
  const disk = facts.ok && recorded.disk ? {disk: pick(facts.disk, recorded.disk)} : {};
  return {...pick(facts, recorded), ...disk};
};

const {cases} = readJsonFixture<{cases: (Recorded & {args: string[]; category: string; id: number})[]}>(
  'config',
  'disk-specs.json',
);

for (const category of new Set(cases.map((facts) => facts.category))) {
  test(`specifications: ${category}`, (t) => {
    for (const {args, id, category: _, ...all} of cases.filter((facts) => facts.category === category)) {
      const {shipped_4_17_7_differs: _older, ...facts} = all as Recorded & {shipped_4_17_7_differs?: unknown};
      t.deepEqual(seen(args, facts), facts, `case ${id}: ${JSON.stringify(args)}`);
    }
  });
}

test('generated specifications', (t) => {
  const lines = readFixture('config', 'fuzz-disk.jsonl').trim().split('\n');
  t.is(lines.length, 500);
  for (const line of lines) {
    const {
      spec,
      shipped_4_17_7_differs: _,
      ...facts
    } = JSON.parse(line) as Recorded & {spec: string; shipped_4_17_7_differs?: unknown};
    t.deepEqual(seen([spec], facts), facts, JSON.stringify(spec));
  }
});

test('messages begin with the source', (t) => {
  t.throws(() => parseDiskSpec('bogus', 'baddisk1.cfg'), {
    instanceOf: ConfigError,
    message: "baddisk1.cfg: config parsing error in disk specification: no vdev specified in `bogus'",
  });
});

test('a target of another kind passes through', (t) => {
  t.deepEqual(parseDiskSpec('format=raw,vdev=xvdb,access=rw,target=ram:64M'), {
    target: 'ram:64M',
    vdev: 'xvdb',
    format: 'raw',
    readwrite: true,
    cdrom: false,
    removable: false,
    directIoSafe: false,
  });
});

test('a huge specification is refused, not scanned', (t) => {
  t.throws(() => parseDiskSpec(`a:${'b:,'.repeat(50_000)}`), {message: /specification too long/});
});
