import test from 'ava';
import {ConfigError} from '../../toolstack/config/config-error.ts';
import type {DiskConfig} from '../../toolstack/config/disk-config.ts';
import {parseDiskSpec} from '../../toolstack/config/disk-spec.ts';
import {vdevToNumber} from '../../toolstack/config/vdev.ts';
import {readFixture, readJsonFixture} from '../support/fixtures.ts';

type DiskFacts = Record<string, unknown>;

type Case = {ok: boolean; messages: string[]; disk?: DiskFacts | null; devid?: number};

/** A disk in the words of libxl_device_disk, with the values that the recorder printed for unset fields. */
const asLibxl = (disk: DiskConfig): DiskFacts => ({
  pdev_path: disk.target ?? null,
  vdev: disk.vdev,
  format: disk.format,
  backend: disk.backendType ?? 'unknown',
  specification: disk.specification ?? 'unknown',
  backend_domname: disk.backend ?? null,
  script: disk.script ?? null,
  readwrite: Number(disk.readwrite),
  removable: Number(disk.removable),
  is_cdrom: Number(disk.cdrom),
  direct_io_safe: disk.directIoSafe,
  discard_enable: disk.discard ?? null,
  trusted: disk.trusted ?? null,
  colo_enable: disk.colo?.enable ?? null,
  colo_host: disk.colo?.host ?? null,
  colo_port: disk.colo?.port ?? 0,
  colo_export: disk.colo?.export ?? null,
  active_disk: disk.colo?.activeDisk ?? null,
  hidden_disk: disk.colo?.hiddenDisk ?? null,
  grant_usage: disk.grantUsage ?? null,
});

const observe = (specs: string | string[]): Case => {
  try {
    const disk = parseDiskSpec(specs);
    return {ok: true, messages: [], disk: asLibxl(disk), devid: vdevToNumber(disk.vdev) ?? -1};
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {ok: false, messages: [...error.lines]};
  }
};

/** What was recorded, without the fields that a recording does not have. */
const compare = (specs: string | string[], facts: Case): [Case, Case] => {
  const seen = observe(specs);
  if (!facts.ok) return [seen, {ok: false, messages: facts.messages}];
  const disk = Object.fromEntries(Object.keys(facts.disk ?? {}).map((key) => [key, seen.disk?.[key]]));
  return [
    {...seen, disk},
    {ok: true, messages: facts.messages, disk: facts.disk, devid: facts.devid},
  ];
};

const {cases} = readJsonFixture<{cases: (Case & {args: string[]; category: string; id: number})[]}>(
  'config',
  'disk-specs.json',
);

for (const category of new Set(cases.map((facts) => facts.category))) {
  test(`specifications: ${category}`, (t) => {
    for (const facts of cases) {
      if (facts.category !== category) continue;
      const [seen, expected] = compare(facts.args, facts);
      t.deepEqual(seen, expected, `case ${facts.id}: ${JSON.stringify(facts.args)}`);
    }
  });
}

test('generated specifications', (t) => {
  const lines = readFixture('config', 'fuzz-disk.jsonl').trim().split('\n');
  t.is(lines.length, 500);
  for (const line of lines) {
    const {spec, ...facts} = JSON.parse(line) as Case & {spec: string};
    const [seen, expected] = compare(spec, facts);
    t.deepEqual(seen, expected, JSON.stringify(spec));
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
