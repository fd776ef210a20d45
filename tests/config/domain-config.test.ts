import {readdirSync} from 'node:fs';
import test from 'ava';
import {
  actionFor,
  ConfigError,
  configToJson,
  domainConfig,
  formatJson,
  parseConfig,
  withDomainDefaults,
  withOverrides,
  type DomainConfig,
  type JsonObject,
} from '../../toolstack/config/index.ts';
import {fixturePath, readFixture, readJsonFixture} from '../support/fixtures.ts';

/** A fixed "random" sequence: the numbers 1, 2, 3... */
const counter = (): (() => number) => {
  let last = 0;
  return () => ++last;
};

const read = (text: string, fileName = 'x.cfg'): DomainConfig =>
  domainConfig(parseConfig(text, fileName), {random: counter()});

type DryRun = {exit: number; stderr: readonly string[]; config: JsonObject | null};

/** What `xl create -n` does with a file. */
const dryRun = (text: string, fileName: string): DryRun => {
  try {
    const config = read(text, fileName);
    return {exit: 0, stderr: config.warnings, config: configToJson(config)};
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {exit: error.exitCode, stderr: error.lines, config: null};
  }
};

/** The recorder split lines at carriage returns, and replaced UUIDs that xl generated. */
const recorded = ({exit, stderr, config}: DryRun, hasUuid: boolean): unknown => {
  const lines = stderr.join('\n').split(/\r|\n/);
  if (config === null) return {exit, stderr: lines, text: null};
  const info = config.c_info as JsonObject;
  const shown = hasUuid ? config : {...config, c_info: {...info, uuid: '<generated>'}};
  return {exit, stderr: stderr.length === 0 ? [] : lines, text: formatJson(shown)};
};

const corpus = readdirSync(fixturePath('config', 'cfg-corpus')).filter((name) => name.endsWith('.cfg'));

for (const name of corpus) {
  test(`corpus: ${name}`, (t) => {
    const {xl_dryrun: facts} = readJsonFixture<{xl_dryrun: DryRun}>(
      'config',
      'cfg-corpus',
      name.replace('.cfg', '.expected.json'),
    );
    const seen = dryRun(readFixture('config', 'cfg-corpus', name), name);
    const expected = {...facts, text: facts.config && formatJson(facts.config)};
    const {config: _, ...fields} = expected;
    t.deepEqual(recorded(seen, false), fields);
  });
}

type RealWorld = {
  file?: string;
  xl_exit: number;
  xl_stderr: string[];
  settings: Record<string, unknown>;
  xl_config?: JsonObject;
};

const realWorld = readJsonFixture<RealWorld[]>('config', 'realworld', 'facts.json');

for (const {file, xl_exit: exit, xl_stderr: stderr, settings, xl_config: config} of realWorld) {
  if (file === undefined) continue;
  test(`real file: ${file}`, (t) => {
    const seen = dryRun(readFixture('config', 'realworld', file), file);
    t.deepEqual(recorded(seen, 'uuid' in settings), {exit, stderr, text: config ? formatJson(config) : null});
  });
}

/** The blocks of the recorded error session: a file and what xl made of it. */
const errorSession = readFixture('config', 'create-errors.txt')
  .split(/\n## (?! )/)
  .slice(1)
  .map((block) => {
    const [name, ...lines] = block.split('\n');
    const text = lines.filter((line) => line.startsWith('##   ')).map((line) => `${line.slice(5)}\n`);
    const stderr = lines.slice(
      lines.indexOf('--- stderr') + 2,
      lines.findIndex((line) => line.startsWith('--- exit')),
    );
    const exit = Number(/--- exit (\d+)/.exec(block)?.[1]);
    // What happens after the file has been read is not the parser's business.
    const isLater = stderr.some((line) => /^(?:libxl|xc|xl):? /.test(line));
    return {name, text: text.join(''), stderr: isLater ? [] : stderr, exit: isLater ? 0 : exit};
  });

for (const {name, text, stderr, exit} of errorSession) {
  test(`recorded session: ${name}`, (t) => {
    const seen = dryRun(text, name);
    t.deepEqual({exit: seen.exit, stderr: seen.stderr}, {exit, stderr});
  });
}

test('the recorded session has all its blocks', (t) => {
  t.is(errorSession.length, 26);
});

const goldenFile = (): string => `
name = "golden"
uuid = "58debae7-2971-40c3-9939-a0897c7cdf59"
kernel = "/spike/vmlinux"
ramdisk = "/spike/domu-initrd.gz"
extra = "console=hvc0 net.ifnames=0 mitigations=off loglevel=7"
memory = 256
vcpus = 1
disk = [ "/spike/d1.img,raw,xvda,w" ]
vif = [ "mac=00:16:3e:00:00:01,bridge=xenbr0" ]
`;

test('golden: the text of xl create -n', (t) => {
  const session = readFixture('config', 'xl-create-dryrun.txt');
  const [, json] = /--- stdout\n([\s\S]*?)--- stderr/.exec(session) as unknown as [string, string];
  const text = formatJson(configToJson(read(goldenFile())));
  t.is(text, json.replace(/"uuid": "[^"]*"/, '"uuid": "58debae7-2971-40c3-9939-a0897c7cdf59"'));
});

const problem = (text: string): ConfigError => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error('no error');
};

test('an error knows the place of its setting, or of the list item', (t) => {
  const base = 'name="n"\nkernel="/k"\n';
  t.like(problem(`${base}  on_crash = "explode"`), {file: 'x.cfg', line: 3, column: 3, exitCode: 1});
  t.like(problem(`${base}disk = [ "/a,,xvda",\n   "bogus" ]`), {line: 4, column: 4});
  t.like(problem(`${base}vif = [ "rate=9" ]`), {line: 3, column: 9});
});

test('typed fields', (t) => {
  const config = read(
    [
      'name="n"; type="pvh"; uuid="12345678-1234-5678-1234-56781234ABCD"',
      'kernel="builtin"; ramdisk="/r"; root="/dev/xvda"; extra="quiet"',
      'memory=64; maxmem=128; vcpus=2; maxvcpus=4',
      'on_crash="preserve"; max_grant_frames=16; max_event_channels=99; driver_domain=1',
      'disk=["format=raw,vdev=xvda,access=rw,target=ram:64M"]',
      'vif=["", "mac=00:16:3E:00:00:09,devid=7"]',
    ].join('\n'),
  );
  t.like(config, {
    name: 'n',
    type: 'pvh',
    uuid: '12345678-1234-5678-1234-56781234abcd',
    kernel: 'builtin',
    ramdisk: '/r',
    cmdline: 'root=/dev/xvda quiet',
    memoryKib: 65_536,
    maxMemoryKib: 131_072,
    vcpus: 2,
    maxVcpus: 4,
    onPoweroff: 'destroy',
    onReboot: 'restart',
    onCrash: 'preserve',
    onSoftReset: 'soft-reset',
    maxGrantFrames: 16,
    maxEventChannels: 99,
    driverDomain: true,
  });
  t.like(config.disks[0], {target: 'ram:64M', vdev: 'xvda', readwrite: true});
  t.deepEqual(config.vifs, [{devid: 0}, {devid: 7, mac: '00:16:3e:00:00:09'}]);
});

test('a configuration is plain JSON', (t) => {
  const small = 'name="n"\nkernel="/k"\np9=["tag=t,security_model=none,path=/p"]\nvkb=["backend-type=qemu"]';
  for (const config of [read(goldenFile()), read(small)]) t.deepEqual(JSON.parse(JSON.stringify(config)), config);
});

test('defaults: memory, vCPUs and MACs, from the given source of randomness', (t) => {
  const config = withDomainDefaults(read('name="n"\nkernel="/k"\nvif=["","mac=00:16:3e:11:22:33"]'), {
    random: () => 0xffff_fe01,
  });
  t.like(config, {memoryKib: 32_768, maxMemoryKib: 32_768, vcpus: 1, maxVcpus: 1});
  t.deepEqual(config.vifs, [
    {devid: 0, mac: '00:16:3e:7f:fe:01'},
    {devid: 1, mac: '00:16:3e:11:22:33'},
  ]);
});

test('a generated UUID is of version 4', (t) => {
  t.is(read('name="n"\nkernel="/k"').uuid, '00000001-0000-4002-8000-000300000004');
});

test('overrides win', (t) => {
  t.is(read(withOverrides('name="a"\nkernel="/k"\nmemory=1', ['memory=2', 'name="b"'])).memoryKib, 2048);
});

test('settings without effect are named with their places; xl itself is silent', (t) => {
  const config = read('name="n"\nkernel="/k"\nbogus=1\n nosuch=["a,b"]\nacpi=1');
  t.deepEqual(config.warnings, []);
  t.deepEqual(config.ignored, [
    {key: 'bogus', line: 3, column: 1, reason: 'unknown'},
    {key: 'nosuch', line: 4, column: 2, reason: 'unknown'},
    {key: 'acpi', line: 5, column: 1, reason: 'accepted'},
  ]);
  t.deepEqual(config.settings.nosuch, ['a,b']);
});

test('a limit out of range has a line of its own', (t) => {
  t.deepEqual(problem('name="n"\nmax_grant_frames="-1"').lines, [
    'x.cfg:2: max_grant_frames must be a number from 0 to 2147483647',
  ]);
});

test('warnings stand before the fatal line', (t) => {
  t.deepEqual(problem('name="n"\nkernel="/k"\nmemory="x"\ndisk=["bogus"]').lines, [
    "x.cfg:3: warning: parameter `memory' is not a valid number",
    "x.cfg: config parsing error in disk specification: no vdev specified in `bogus'",
  ]);
});

test('affinity: a list is one entry a vCPU, a string is for all', (t) => {
  const base = 'name="n"\nkernel="/k"\nvcpus=2\n';
  t.deepEqual(read(`${base}cpus=["0-1","3","junk"]`).libxl.buildInfo, {
    claim_mode: 'True',
    vcpu_hard_affinity: [[0, 1], [3]],
    numa_placement: 'False',
  });
  t.deepEqual(read(`${base}cpus="5"`).libxl.buildInfo.vcpu_hard_affinity, [[5], [5]]);
  t.deepEqual(problem(`${base}cpus="x"`).lines, ['Invalid pcpu range: x.']);
});

test('device lists', (t) => {
  const base = 'name="n"\nkernel="/k"\n';
  t.deepEqual(
    read(`${base}p9=["tag=t,security_model=none,path=/p"]\nvkb=["backend-type=Linux,width=5"]`).libxl.devices,
    {p9s: [{tag: 't', path: '/p', security_model: 'none'}], vkbs: [{devid: 0, backend_type: 'linux', width: 5}]},
  );
  t.deepEqual(problem(`${base}p9=["tag=t"]`).lines, ['9pfs spec missing required field!']);
  t.deepEqual(problem(`${base}p9=["what=t"]`).lines, ["Unknown string `what' in 9pfs spec"]);
  t.deepEqual(problem(`${base}vkb=["width=5"]`).lines, ['backend-type should be set in vkb spec']);
  t.deepEqual(problem(`${base}vtpm=["uuid=1"]`).lines, ['Failed to parse vtpm UUID: 1']);
});

test('actions by shutdown reason', (t) => {
  const config = read('name="n"\nkernel="/k"\non_crash="preserve"');
  t.is(actionFor(config, 'crash'), 'preserve');
  t.is(actionFor(config, 'reboot'), 'restart');
  t.is(actionFor(config, 'suspend'), undefined);
});

test('a list of devices ends without a word at an item that is a list', (t) => {
  const config = read('name="n"\nkernel="/k"\ndisk=["/a,raw,xvda",["x"],"/b,raw,xvdb"]');
  t.is(config.disks.length, 1);
});
