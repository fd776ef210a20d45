import {readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {formatJson, type JsonObject} from '../../toolstack/config/index.ts';
import {runXl} from '../../toolstack/xl/run.ts';
import {fixturePath, readFixture, readJsonFixture} from '../support/fixtures.ts';
import {temporaryDirectory} from '../support/temporary.ts';

/** What the real xl printed, by the way of `xl -N`: the command line from end to end, without a host. */
interface Recorded {
  readonly exit: number;
  readonly stderr: readonly string[];
}

const dryRun = async (cwd: string, ...args: readonly string[]) => {
  const texts = {stdout: '', stderr: ''};
  const exit = await runXl(['-N', ...args], {
    cwd,
    connect: () => Promise.reject(new Error('a dry run needs no host')),
    out: (text) => (texts.stdout += text),
    complain: (lines) => (texts.stderr += `${lines}\n`),
  });
  // The recorder split lines at carriage returns, and left out the line that names the file.
  const lines = texts.stderr === '' ? [] : texts.stderr.replace(/\n$/, '').split(/[\r\n]/);
  const stderr = lines.filter((line, index) => index > 0 || !line.startsWith('Parsing config from '));
  return {exit, stderr, stdout: texts.stdout};
};

/** A generated UUID is shown as such, as in the recordings. */
const withoutUuid = (stdout: string): string => stdout.replace(/"uuid": "[^"]*"/, '"uuid": "<generated>"');

const json = (value: JsonObject | null | undefined, label = ''): string => {
  if (value === null || value === undefined) return '';
  return label === '' ? formatJson(value) : `${label}: ${formatJson(value)}\n`;
};

const corpus = readdirSync(fixturePath('config', 'cfg-corpus')).filter((name) => name.endsWith('.cfg'));

for (const name of corpus) {
  test(`xl -N create ${name}`, async (t) => {
    const {xl_dryrun: facts} = readJsonFixture<{xl_dryrun: Recorded & {config: JsonObject | null}}>(
      'config',
      'cfg-corpus',
      name.replace('.cfg', '.expected.json'),
    );
    const {exit, stderr, stdout} = await dryRun(fixturePath('config', 'cfg-corpus'), 'create', name);
    t.deepEqual(
      {exit, stderr, stdout: withoutUuid(stdout)},
      {exit: facts.exit, stderr: facts.stderr, stdout: json(facts.config)},
    );
  });
}

type RealWorld = {file?: string; xl_exit: number; xl_stderr: string[]; settings: object; xl_config?: JsonObject};

for (const facts of readJsonFixture<RealWorld[]>('config', 'realworld', 'facts.json')) {
  const {file, settings, xl_exit: exit, xl_stderr: stderr, xl_config: config} = facts;
  if (file === undefined) continue;
  test(`xl -N create realworld/${file}`, async (t) => {
    const seen = await dryRun(fixturePath('config', 'realworld'), 'create', file);
    const stdout = 'uuid' in settings ? seen.stdout : withoutUuid(seen.stdout);
    t.deepEqual({...seen, stdout}, {exit, stderr, stdout: json(config)});
  });
}

type DiskCase = {id: number; args: string[]; messages: string[]; xl_exit: number; xl_dryrun_json?: JsonObject | null};

test('xl -N block-attach 0 SPEC: every case of disk-specs.json', async (t) => {
  const {cases} = readJsonFixture<{cases: DiskCase[]}>('config', 'disk-specs.json');
  for (const {id, args, messages, xl_exit: exit, xl_dryrun_json: disk} of cases) {
    const {stdout, ...seen} = await dryRun('/', 'block-attach', '0', ...args);
    const what = `case ${id}: ${args.join(' ')}`;
    t.deepEqual(seen, {exit, stderr: messages}, what);
    // Nothing was recorded where the shipped xl is behind its own grammar.
    if (exit !== 0 || disk !== undefined) t.is(stdout, json(disk, 'disk'), what);
  }
});

type VifCase = {
  id: number;
  spec: string;
  config: Recorded & {nic?: JsonObject | null};
  attach: Recorded & {args: string[]; nic?: JsonObject | null};
};

test('xl -N network-attach 0 K=V: every case of vif-specs.json', async (t) => {
  const {cases} = readJsonFixture<{cases: VifCase[]}>('config', 'vif-specs.json');
  for (const {id, attach} of cases) {
    const seen = await dryRun('/', 'network-attach', '0', ...attach.args);
    const {exit, stderr, nic} = attach;
    t.deepEqual(seen, {exit, stderr, stdout: json(nic, 'vif')}, `case ${id}: ${attach.args.join(' ')}`);
  }
});

test('xl -N create with vif=[SPEC]: every case of vif-specs.json', async (t) => {
  const {cases} = readJsonFixture<{cases: VifCase[]}>('config', 'vif-specs.json');
  const dir = temporaryDirectory(t);
  for (const {id, spec, config} of cases) {
    writeFileSync(join(dir, 'v.cfg'), `name="n"\nkernel="/k"\nvif=[${JSON.stringify(spec)}]\n`);
    const {exit, stderr, stdout} = await dryRun(dir, 'create', 'v.cfg');
    const nic = exit === 0 ? ((JSON.parse(stdout) as {nics?: JsonObject[]}).nics?.[0] ?? null) : null;
    t.deepEqual(
      {exit, nic, stderr},
      {exit: config.exit, nic: config.nic ?? null, stderr: config.stderr},
      `case ${id}: ${spec}`,
    );
  }
});

type CpuCase = Recorded & {cpus: string; cpumap: string | null};

test('xl -N vcpu-pin 0 all LIST: every case of fuzz-cpulist.jsonl', async (t) => {
  const lines = readFixture('config', 'fuzz-cpulist.jsonl').trim().split('\n');
  for (const line of lines) {
    const {cpus, exit, cpumap, stderr} = JSON.parse(line) as CpuCase;
    const seen = await dryRun('/', 'vcpu-pin', '0', 'all', cpus);
    t.deepEqual(seen, {exit, stderr, stdout: cpumap === null ? '' : `cpumap: ${cpumap}\n`}, cpus);
  }
});

type FuzzedDisk = {spec: string; ok: boolean; messages: string[]};

test('xl -N block-attach 0 SPEC: every case of fuzz-disk.jsonl', async (t) => {
  for (const line of readFixture('config', 'fuzz-disk.jsonl').trim().split('\n')) {
    const {spec, ok, messages} = JSON.parse(line) as FuzzedDisk;
    const {exit, stderr} = await dryRun('/', 'block-attach', '0', spec);
    t.deepEqual({exit, stderr}, {exit: ok ? 0 : 1, stderr: messages}, spec);
  }
});
