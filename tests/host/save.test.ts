import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {DomId} from '../../hypervisor/index.ts';
import {ToolstackError} from '../../toolstack/errors.ts';
import {TestHost} from '../support/host.ts';
import {answerSuspend, suspensions, writeIdleKernel, writeSuspendingKernel} from '../support/suspending-kernel.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const DISK = 'disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]';
const VIF = 'vif=["mac=00:16:3e:00:00:01,bridge=xenbr0"]';

class Stand {
  readonly dir: string;
  readonly test: TestHost;

  private constructor(dir: string, host: TestHost) {
    this.dir = dir;
    this.test = host;
  }

  static async start(t: ExecutionContext, options: {memoryMib?: number} = {}): Promise<Stand> {
    const stand = new Stand(temporaryDirectory(t), await TestHost.start(options));
    t.teardown(() => stand.host.close({graceNs: 0}));
    writeSuspendingKernel(stand.path('kernel'));
    writeIdleKernel(stand.path('idle'));
    return stand;
  }

  get host() {
    return this.test.host;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  config(more = '', name = 'tiny', kernel = 'kernel'): string {
    return `name="${name}"\ntype="pvh"\nkernel="${this.path(kernel)}"\nmemory=16\non_poweroff="preserve"\n${more}\n`;
  }

  /** A domain that suspends when it is asked to. */
  async boot(more = '', then?: () => void): Promise<DomId> {
    const domid = await this.test.create(this.config(more));
    answerSuspend(this.host, domid, then);
    return domid;
  }

  /** The last lines that kernels have printed. */
  said(): string[] {
    return this.host
      .dmesg()
      .filter((line) => /d\d+: [01]$/.test(line))
      .map((line) => line.replace('(XEN) ', ''));
  }

  /** Names of domains, pages left, and who has a directory in xenstore. */
  async footprint(): Promise<unknown> {
    const {host} = this;
    const store = await host.clock.drive(host.xs.directory('/local/domain'));
    return {
      names: host.domains().map(({name}) => name),
      free: host.xen.freePages,
      store,
      vm: await host.clock.drive(host.xs.directory('/vm')),
    };
  }

  async refuses(t: ExecutionContext, action: Promise<unknown>, message: RegExp): Promise<void> {
    const error = await t.throwsAsync(action, {instanceOf: ToolstackError});
    t.regex(error?.message ?? '', message);
    t.false(error?.message.includes('\n'), error?.message);
  }
}

test('a domain is saved, destroyed, and goes on as another', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  const domid = await stand.boot(`${DISK}\n${VIF}`);
  const info = await host.save(domid, stand.path('a.save'));
  t.deepEqual({...info, optionalBytes: 0}, {mandatoryFlags: 3, optionalFlags: 0, optionalBytes: 0});
  t.is(host.xen.domain(domid), undefined);
  t.deepEqual(stand.test.log, [`Domain ${domid} has shut down, reason code 2 0x2`, 'Domain has suspended.']);
  t.deepEqual(readdirSync(stand.dir).sort(), ['a.save', 'idle', 'kernel']);

  const restored = await host.restore(stand.path('a.save'));
  t.not(restored, domid);
  await stand.test.settle(1e7);
  t.deepEqual(stand.said(), [`d${restored}: 0`]);
  t.is(suspensions(host, restored), 1);
  t.like(host.config(restored), {name: 'tiny', vifs: [{mac: '00:16:3e:00:00:01'}], disks: [{vdev: 'xvda'}]});
  t.is(await stand.test.read(`/local/domain/${restored}/device/vif/0/mac`), '00:16:3e:00:00:01');
});

test('what is on a RAM disk is saved with the domain, and belongs to it alone', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  const disks =
    'disk=["format=raw,vdev=xvda,access=rw,target=ram:1025K","format=raw,vdev=xvdb,access=rw,target=ram:64K"]';
  const domid = await stand.boot(disks);
  const written = [0, 4096 * 3 + 5, 1025 * 1024 - 1];
  for (const at of written) host.disks.ram(domid, 'xvda')![at] = at % 251 || 1;
  host.disks.ram(domid, 'xvdb')!.fill(7);
  await host.save(domid, stand.path('a.save'), {leave: 'running'});
  host.disks.ram(domid, 'xvda')!.fill(9);
  await host.destroy(domid);
  const restored = await host.restore(stand.path('a.save'));
  const contents = host.disks.ram(restored, 'xvda')!;
  t.is(contents.length, 1025 * 1024);
  for (const at of written) t.is(contents[at], at % 251 || 1, `byte ${at}`);
  t.is(contents.filter((byte) => byte !== 0).length, written.length);
  t.true(host.disks.ram(restored, 'xvdb')!.every((byte) => byte === 7));
  await host.destroy(restored);

  const before = await stand.footprint();
  const smaller = host.parse(stand.config(disks.replace('1025K', '1024K')));
  await stand.refuses(t, host.restore(stand.path('a.save'), smaller), /a RAM disk was larger when it was saved$/);
  writeFileSync(stand.path('file.img'), new Uint8Array(1025 * 1024));
  t.deepEqual(await stand.footprint(), before);
  await host.restore(
    stand.path('a.save'),
    host.parse(stand.config(disks.replace('ram:1025K', stand.path('file.img')))),
  );
  t.true(
    readFileSync(stand.path('file.img')).every((byte) => byte === 0),
    'a file has what it has',
  );
});

test('a domain is saved again and again, from where it was restored', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  let domid = await stand.boot();
  for (let round = 1; round <= 3; round++) {
    await host.save(domid, stand.path('a.save'));
    domid = await host.restore(stand.path('a.save'));
    answerSuspend(host, domid);
    await stand.test.settle(1e7);
    t.is(suspensions(host, domid), round);
  }
});

test('a domain that is left running finds its suspension cancelled', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  const domid = await stand.boot();
  await host.save(domid, stand.path('a.save'), {leave: 'running'});
  await stand.test.settle(1e7);
  t.deepEqual(stand.said(), [`d${domid}: 1`]);
  t.regex(host.domains()[1].state, /^[-r][b-]----$/);
  await host.save(domid, stand.path('b.save'), {leave: 'paused'});
  await stand.test.settle(1e7);
  t.is(host.domains()[1].state, '--p---');
  t.is(stand.said().length, 1);
  host.unpause(domid);
  await stand.test.settle(1e7);
  t.deepEqual(stand.said(), [`d${domid}: 1`, `d${domid}: 1`]);
});

test('a domain gets its number back when that was asked for', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  const domid = await stand.boot();
  await host.save(domid, stand.path('a.save'), {preserveDomid: true});
  t.is(await host.restore(stand.path('a.save')), domid);
  const saved = host.restore(stand.path('a.save'), host.parse(stand.config('', 'other')));
  await stand.refuses(t, saved, /^libxl: error: cannot make domain: EBUSY$/);
});

test('several domains go on from one image, each with a disk and nic more than it had', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  await host.save(await stand.boot(), stand.path('warm'));
  for (const name of ['one', 'two']) {
    const domid = await stand.test.create(stand.config(`${DISK}\nvif=[""]\nwarm_image="${stand.path('warm')}"`, name));
    await stand.test.settle(1e7);
    t.is(suspensions(host, domid), 1, name);
    t.is(await stand.test.read(`/local/domain/0/backend/vbd/${domid}/51712/state`), '2');
    t.regex((await stand.test.read(`/local/domain/${domid}/device/vif/0/mac`)) ?? '', /^00:16:3e:/);
  }
  t.deepEqual(
    host.domains().map(({name}) => name),
    ['Domain-0', 'one', 'two'],
  );
});

test('another configuration may be saved, if it fits', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  const domid = await stand.boot(DISK);
  const save = (more: string, name: string): Promise<unknown> =>
    host.save(domid, stand.path('a.save'), {config: host.parse(stand.config(more, name)), baseDir: stand.dir});
  await stand.refuses(t, save('', 'other'), /the saved domain has a disk xvda, the configuration has none$/);
  t.regex(host.domains()[1].state, /^[-r][b-]----$/);
  await save(DISK.replace('ram:1M', 'file.img'), 'other');
  await stand.refuses(
    t,
    host.restore(stand.path('a.save')),
    /xvda failed to stat: .*file\.img: No such file or directory$/,
  );
  writeFileSync(stand.path('file.img'), new Uint8Array(2 ** 20));
  const restored = await host.restore(stand.path('a.save'));
  t.is(host.nameOf(restored), 'other');
});

test('a warm image that is none is named', async (t) => {
  const stand = await Stand.start(t);
  writeFileSync(stand.path('text'), 'no image');
  const faults = {
    '/nosuch': /^libxl: error: warm_image \/nosuch: Can't open restore file: No such file or directory$/,
    [stand.path('text')]: /^libxl: error: warm_image \S+\/text: file\/stream truncated reading header$/,
    [stand.path('kernel')]: /^libxl: error: warm_image \S+\/kernel: File has wrong magic number - corrupt /,
  };
  for (const [path, message] of Object.entries(faults)) {
    await stand.refuses(t, stand.test.create(stand.config(`warm_image="${path}"`)), message);
  }
});

test('the built-in kernel is refused in a line, and goes on', async (t) => {
  const stand = await Stand.start(t);
  const domid = await stand.test.boot('builtin');
  await stand.refuses(
    t,
    stand.host.save(domid, stand.path('a.save')),
    /^libxl: error: Domain 1:the built-in kernel and guest programs cannot be saved/,
  );
  t.false(existsSync(stand.path('a.save')));
  t.regex(await stand.test.shell(domid, 'uptime'), /up/);
});

test('a SCSI disk that is in memory alone forbids it', async (t) => {
  const stand = await Stand.start(t);
  const domid = await stand.boot('vscsi=["disk:ram:1M, 0:0:0:0"]');
  await stand.refuses(
    t,
    stand.host.save(domid, stand.path('a.save')),
    /^libxl: error: Domain 1:SCSI disk "disk:ram:1M, 0:0:0:0" is in memory, and would be lost$/,
  );
});

test('nomigrate forbids it', async (t) => {
  const stand = await Stand.start(t);
  const domid = await stand.boot('nomigrate=1');
  await stand.refuses(
    t,
    stand.host.save(domid, stand.path('a.save')),
    /^libxl: error: Domain 1:nomigrate=1 forbids to save it$/,
  );
});

test('a guest that takes no request is given up after a minute, and goes on', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  const domid = await stand.test.create(stand.config('', 'idle', 'idle'));
  const before = host.clock.now();
  const save = host.save(domid, stand.path('a.save'));
  await stand.refuses(t, save, /^libxl: error: Domain 1:guest didn't acknowledge suspend, cancelling request$/);
  t.is(Math.round((host.clock.now() - before) / 1e9), 60);
  t.deepEqual(readdirSync(stand.dir).sort(), ['idle', 'kernel']);
  t.is(await stand.test.read(`/local/domain/${domid}/control/shutdown`), '');
  t.regex(host.domains()[1].state, /^[-r][b-]----$/);
});

test('so is one that takes the request and does not suspend', async (t) => {
  const stand = await Stand.start(t);
  const domid = await stand.test.create(stand.config('', 'idle', 'idle'));
  answerSuspend(stand.host, domid);
  await stand.refuses(t, stand.host.save(domid, stand.path('a.save')), /guest did not suspend, timed out$/);
  t.false(existsSync(stand.path('a.save')));
});

test('a domain that is destroyed while it should suspend is gone at once', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  const domid = await stand.test.create(stand.config('', 'idle', 'idle'));
  const started = host.clock.now();
  answerSuspend(host, domid, () => {
    void stand.refuses(t, host.save(domid, stand.path('b.save')), /is being saved already$/);
    void host.destroy(domid);
  });
  await stand.refuses(t, host.save(domid, stand.path('a.save')), /guest we were suspending has been destroyed$/);
  t.true(host.clock.now() - started < 10e9);
  t.deepEqual(readdirSync(stand.dir).sort(), ['idle', 'kernel']);
});

test('a file that cannot be made is told of before the guest hears of it', async (t) => {
  const stand = await Stand.start(t);
  let asked = 0;
  const domid = await stand.boot('', () => asked++);
  mkdirSync(stand.path('directory'));
  const targets = ['nosuch/a.save', 'directory', 'kernel/a.save'].map((name) => stand.path(name));
  for (const target of [...targets, '/dev/null']) {
    await stand.refuses(t, stand.host.save(domid, target), /^Failed to open temp file \S+ for writing: /);
  }
  t.is(asked, 0);
});

test('a file that cannot be finished leaves the guest running and nothing behind', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  mkdirSync(stand.path('gone'));
  const domid = await stand.boot('', () => rmSync(stand.path('gone'), {recursive: true}));
  await stand.refuses(
    t,
    host.save(domid, stand.path('gone/a.save')),
    /^xc: error: Failed to write \S+: No such file or directory$/,
  );
  await stand.test.settle(1e7);
  t.deepEqual(stand.said(), [`d${domid}: 1`]);
  t.deepEqual(readdirSync(stand.dir).sort(), ['idle', 'kernel']);
});

/** Of the record with the CPU, and of both streams' last records. */
const CONTEXT_BYTES = 2152;
const ENDS_BYTES = 16;
/** Behind the contents of an empty RAM disk. */
const DISK_END_BYTES = 8;

/** What may be wrong with a file; `break` gets the bytes of a good one. */
const damages: readonly [title: string, damage: (file: Buffer) => Buffer, message: RegExp][] = [
  ['nothing in it', () => Buffer.alloc(0), /truncated reading header$/],
  [
    'another program wrote',
    () => Buffer.from('#!/bin/sh\n'.repeat(100)),
    /^File has wrong magic number - corrupt or for a different tool\?$/,
  ],
  ['the other byte order', (file) => file.fill(9, 32, 36), /^File has wrong byte order$/],
  [
    'flags of a newer xl',
    (file) => file.fill(0x12, 36, 37),
    /^Savefile has mandatory flag\(s\) 0x10 which are not supported; need newer xl$/,
  ],
  ['an endless configuration', (file) => file.fill(0xff, 44, 48), /^Savefile truncated\.$/],
  ['a configuration that is longer than its part', (file) => file.fill(0xff, 48, 50), /^Savefile truncated\.$/],
  [
    'another version of pvsim',
    (file) => replace(file, '"format":1', '"format":7'),
    /saved by another version of pvsim \(format 7, not 1\)$/,
  ],
  [
    'nothing of pvsim',
    (file) => replace(file, '"format":1', '"fromat":1'),
    /saved by another host than pvsim: cannot be restored here$/,
  ],
  [
    'wrong numbers',
    (file) => replace(file, '"frames":', '"farmes":'),
    /what pvsim has written about the domain is damaged$/,
  ],
  ['another libxl stream', (file) => replace(file, 'LibxlFmt', 'LibxlFmx'), /Invalid ident: expected LibxlFmt$/],
  ['no image of libxc', (file) => replace(file, 'XENF', 'XENG'), /it holds no image of libxc$/],
  ['a record that nobody knows', (file) => insert(file, [0x55, 0, 0, 0, 0, 0, 0, 0]), /Unknown record type 0x55$/],
  [
    'a record that has no end',
    (file) => insert(file, [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
    /a record of 4294967295 bytes is longer than any may be$/,
  ],
  [
    'a page that no guest has',
    (file) => insert(file, pageRecord(0x7fffffff)),
    /page 0x7fffffff is beyond the domain's memory$/,
  ],
  [
    'a page table of a PV guest',
    (file) => insert(file, pageRecord(5, 0x10000000)),
    /page 0x5 is of type 1, which an HVM domain has not$/,
  ],
  [
    'a CPU that is none',
    (file) => replace(file, '\u0086\u0012\u0038\u0054', '\u0086\u0012\u0038\u0055'),
    /HVM_CONTEXT: its magic number is wrong$/,
  ],
  [
    'no CPU at all',
    (file) => Buffer.concat([file.subarray(0, -CONTEXT_BYTES - ENDS_BYTES - DISK_END_BYTES), Buffer.alloc(ENDS_BYTES)]),
    /it has no HVM_CONTEXT record$/,
  ],
];

const replace = (file: Buffer, text: string, by: string): Buffer => {
  file.write(by, file.indexOf(text, 0, 'latin1'), 'latin1');
  return file;
};

/** Puts a record before the first one with pages. */
const insert = (file: Buffer, bytes: readonly number[]): Buffer => {
  const at = file.indexOf('XENF', 0, 'latin1') - 8 + 24 + 16;
  return Buffer.concat([file.subarray(0, at), Buffer.from(bytes), file.subarray(at)]);
};

const pageRecord = (gfn: number, type = 0): number[] => [
  ...new Uint8Array(Uint32Array.of(1, 16, 1, 0, gfn, type).buffer),
];

test('damaged files are refused in a line each, and leave nothing behind', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  const file = stand.path('a.save');
  await host.save(await stand.boot(`${DISK}\n${VIF}`), file);
  const good = readFileSync(file);
  const before = await stand.footprint();
  for (const [title, damage, message] of damages) {
    writeFileSync(file, damage(Buffer.from(good)));
    const error = await t.throwsAsync(host.restore(file), {instanceOf: ToolstackError}, title);
    t.regex(error?.message ?? '', message, title);
    t.deepEqual(await stand.footprint(), before, title);
  }
  await stand.refuses(t, host.restore(stand.path('nosuch')), /^Can't open restore file: No such file or directory$/);
});

test('a file that ends anywhere before its end is refused', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  const file = stand.path('a.save');
  await host.save(await stand.boot(), file);
  const {length} = readFileSync(file);
  const before = await stand.footprint();
  for (let end = length - 17, step = 1; end > 0; end -= step, step *= 2) {
    truncateSync(file, end);
    await stand.refuses(t, host.restore(file), /truncated|no HVM_CONTEXT/);
  }
  t.deepEqual(await stand.footprint(), before);
});

/** Configurations for a domain that has 16 MiB, a disk xvda and a vif. */
const misfits: readonly [config: string, message: RegExp][] = [
  [VIF, /the saved domain has a disk xvda, the configuration has none$/],
  [DISK, /the saved domain has a vif 0, the configuration has none$/],
  [`${DISK.replace('access=rw', 'access=ro')}\n${VIF}`, /disk xvda of the saved domain is rw$/],
  [`${DISK}\n${VIF.replace('00:01', '00:02')}`, /vif 0 of the saved domain has mac=00:16:3e:00:00:01$/],
  [`${DISK}\n${VIF}\nmemory=32`, /the saved domain has 16 MiB, not 32 MiB$/],
  [`${DISK}\n${VIF}\nextra="quiet"`, /the saved domain was booted with another command line$/],
  [
    `${DISK.replace('ram:1M', '/nosuch')}\n${VIF}`,
    /^libxl: error: Disk vdev=xvda failed to stat: \/nosuch: No such file or directory$/,
  ],
];

test('a configuration that does not fit is refused in a line, and leaves nothing behind', async (t) => {
  const stand = await Stand.start(t);
  const {host} = stand;
  const file = stand.path('a.save');
  await host.save(await stand.boot(`${DISK}\n${VIF}`), file);
  const before = await stand.footprint();
  for (const [more, message] of misfits) {
    const config = host.parse(stand.config(more).replace(more.includes('memory') ? 'memory=16\n' : '\0', ''));
    await stand.refuses(t, host.restore(file, config), message);
    t.deepEqual(await stand.footprint(), before, more);
  }
  await host.restore(file);
  await stand.refuses(t, host.restore(file), /Domain with name "tiny" already exists\.$/);
});

test('a host without the memory refuses in a line', async (t) => {
  const stand = await Stand.start(t);
  await stand.host.save(await stand.boot(), stand.path('a.save'));
  const small = await Stand.start(t, {memoryMib: 1032});
  const before = await small.footprint();
  await small.refuses(
    t,
    small.host.restore(stand.path('a.save')),
    /^libxl: error: memory=16: Cannot allocate memory \(\d+ MiB are free\)$/,
  );
  t.deepEqual(await small.footprint(), before);
});
