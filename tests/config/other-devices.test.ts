import test from 'ava';
import {ConfigError, configToJson, domainConfig, parseConfig, type DomainConfig} from '../../toolstack/config/index.ts';

const BASE = 'name="n"\nkernel="/k"\n';

const read = (text: string): DomainConfig => domainConfig(parseConfig(BASE + text, 'x.cfg'), {random: () => 0});

/** The devices of a list as JSON, and what xl printed about them. */
const devices = (text: string, list: string): unknown => {
  const config = read(text);
  const json = configToJson(config)[list];
  return config.warnings.length === 0 ? json : {json, warnings: config.warnings};
};

const problem = (text: string): string | undefined => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.lines.at(-1);
    throw error;
  }
  return undefined;
};

const good: readonly (readonly [text: string, list: string, json: unknown])[] = [
  [
    'channel=["name=a, connection = pty ,backend=d"]',
    'channels',
    [{backend_domname: 'd', devid: 0, name: 'a', 'connection.pty': {}}],
  ],
  [
    'channel=["connection=pty,foo=1"]',
    'channels',
    {json: [{devid: 0, 'connection.pty': {}}], warnings: ["unknown channel parameter 'foo', ignoring"]},
  ],
  ['usbctrl=["", "type=QUSB,version=3,ports=x"]', 'usbctrls', [{devid: 0}, {type: 'qusb', devid: 1, version: 3}]],
  ['usbdev=["type=hostdev,hostbus=0x101,controller=-1"]', 'usbdevs', [{'type.hostdev': {hostbus: 1}}]],
  [
    'vdispl=["connectors=a:x;b:1x2"]',
    'vdispls',
    {json: [{devid: 0, connectors: [{unique_id: 'a'}, {}]}], warnings: ["Can't parse connector resolution"]},
  ],
  [
    'vsnd=[["CARD,buffer-size=8", "stream, type=P, sample-rates=0x10;8"], ["pcm"]]',
    'vsnds',
    [
      {
        devid: 0,
        params: {buffer_size: 8},
        pcms: [{params: {}, streams: [{type: 'p', params: {sample_rates: [16, 8]}}]}],
      },
      {devid: 1, params: {}, pcms: [{params: {}}]},
    ],
  ],
];

for (const [text, list, json] of good) {
  test(`devices: ${text}`, (t) => t.deepEqual(devices(text, list), json));
}

const bad: readonly (readonly [text: string, message: string])[] = [
  ['channel=["name"]', 'failed to parse channel configuration: name'],
  ['channel=["name=a"]', "channel has unknown 'connection'"],
  ['channel=["connection=Pty"]', "unknown channel connection 'Pty'"],
  ['channel=["connection=socket"]', "channel connection 'socket' requires path=.."],
  ['usbctrl=["type=x,foo=1"]', "Invalid usb controller type 'x'"],
  ['usbctrl=["foo=1"]', "Unknown string `foo=1' in usbctrl spec"],
  ['usbdev=["hostbus"]', "Unknown string `hostbus' in usbdev spec"],
  ['vdispl=["backend=0"]', 'At least one connector should be specified.'],
  ['vdispl=["connectors=a:5"]', "Can't parse connector resolution"],
  ['vdispl=["foo=1"]', 'Unknown string "foo=1" in vdispl spec'],
  ['vsnd=["card"]', 'Failed to get vsnd card list: Invalid argument'],
  ['vsnd=[["disk"]]', 'Invalid key: disk'],
  ['vsnd=[["card,name=x"]]', 'Invalid parameter: name=x'],
  ['vsnd=[["pcm,sample-formats=s8;x9"]]', 'Invalid pcm format: x9'],
  ['vsnd=[["stream,type=r"]]', 'Invalid stream type: r'],
  ['vcpus=2\nmaxvcpus=2\nvnuma=[["vcpus=0"]]', 'xl: vnuma vcpus and maxvcpus= mismatch'],
  ['vnuma=[["vcpus=0-16"]]', 'xl: vnuma specifies more vcpus than pcpus, use maxvcpus= to override this check.'],
  ['maxmem=5\nvnuma=[["vcpus=0","size=4"]]', 'xl: maxmem and vnuma memory size mismatch'],
  ['vnuma=[["pnode=2"]]', 'xl: invalid pnode number: 2'],
  ['vnuma=[["size=x"]]', 'xl: failed to convert "x" to number'],
  ['vnuma=[["size"]]', 'xl: failed to split "size" into pair'],
  ['vnuma=["x"]', 'xl: cannot get vnode config option list'],
];

for (const [text, message] of bad) {
  test(`refuses ${text}`, (t) => t.is(problem(text), message));
}

const buildInfo = (text: string): Record<string, unknown> => configToJson(read(text)).b_info as Record<string, unknown>;

test('vnuma gives the vCPUs and the memory', (t) => {
  const info = buildInfo('vnuma=[["vcpus=0,2-3","size=8","vdistances=10,20,30"],["vcpus=1","size=4","pnode=1"]]');
  t.like(info, {max_vcpus: 4, max_memkb: 12_288, numa_placement: 'False'});
  t.deepEqual(info.vnuma_nodes, [
    {memkb: 8192, distances: [10, 20], vcpus: [0, 2, 3]},
    {memkb: 4096, distances: [0, 0], pnode: 1, vcpus: [1]},
  ]);
});

test('a huge range of vCPUs costs nothing', (t) => {
  t.regex(problem('vnuma=[["vcpus=0-99999999999"]]') ?? '', /more vcpus than pcpus/);
});

const X = 'x'.repeat(32);
const bits = (at: number, value: string): string => {
  const start = 32 - at - value.length;
  return X.slice(0, start) + value + X.slice(start + value.length);
};

test('cpuid flags: numbers, letters, split fields, MSR bits, and names of libxl before those of Xen', (t) => {
  const {cpuid} = buildInfo('cpuid="host,family=16,model=0x2a,clflush=k,sse3=s,rdcl-no=s,nosuch=1,tm"');
  const eax = 'xxxx000000010010xxxx11111010xxxx';
  t.deepEqual(cpuid, {
    cpuid: [{leaf: 1, eax, ebx: bits(8, 'kkkkkkkk'), ecx: bits(0, 's')}],
    msr: [{index: 0x10a, policy: `${'x'.repeat(63)}k`}],
  });
  t.deepEqual(read('cpuid="host,nosuch=1,tm,tm=q"').warnings, [
    'while parsing CPUID flag: "nosuch=1":',
    '  error #2: unknown CPUID flag name',
    'while parsing CPUID flag: "tm":',
    '  error #1: missing "=" in key=value',
    'while parsing CPUID flag: "tm=q":',
    '  error #3: illegal CPUID value (must be: [0|1|x|k|s])',
  ]);
  t.deepEqual(read('cpuid="guest,tm=0"').warnings, [
    'while parsing CPUID string: "guest,tm=0":',
    '  error: first word must be "host"',
  ]);
});

test('cpuid lines of the old form', (t) => {
  const {cpuid} = buildInfo(`cpuid=["0x7,0:ebx=${X}, edx=${X}", "1:eax=x", "z:", "1,z:", "1", "1:exx=${X}"]`);
  t.deepEqual(cpuid, {cpuid: [{leaf: 7, subleaf: 0, ebx: X, edx: X}, {leaf: 1}], msr: []});
  const {warnings} = read(`cpuid=["1:eax=x", "z:", "1,z:", "1", "1:exx=${X}"]`);
  t.deepEqual(
    warnings.filter((line) => line.startsWith('  ')).map((line) => line.slice(9, 10)),
    ['5', '1', '2', '3', '4'],
  );
});

test('HVM: viridian groups, machine check, generation id', (t) => {
  const hvm = buildInfo(
    'type="hvm"\nviridian=["defaults","stimer","!base"]\nmca_caps=["lmce"]\nms_vm_genid="generate"',
  );
  t.like(hvm['type.hvm'], {viridian: 'True', viridian_enable: [8], viridian_disable: [0], mca_caps: 1});
  t.deepEqual(
    (hvm['type.hvm'] as {ms_vm_genid: number[]}).ms_vm_genid,
    Array.from({length: 16}, () => 0),
  );
  t.is(problem('type="hvm"\nviridian=["x"]'), "xl: unknown viridian enlightenment 'x'");
  t.is(problem('type="hvm"\nmca_caps="lmce"'), 'ERROR: unable to parse mca_caps.');
  t.is(problem('type="hvm"\nms_vm_genid="x"'), 'ERROR: "ms_vm_genid" option must be "generate" or "none"');
});
