import {existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {ToolstackError} from '../../toolstack/errors.ts';
import {footprintOf} from '../support/footprint.ts';
import {TestHost} from '../support/host.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const RAM = 'format=raw,vdev=xvda,access=rw,target=ram:1M';

interface Setup {
  readonly test: TestHost;
  readonly dir: string;
  /** Creates a guest of the built-in kernel with those lines. */
  readonly create: (...lines: string[]) => Promise<number>;
}

/** A host with one guest, "busy", that has busy.img open for writing. */
const start = async (t: ExecutionContext): Promise<Setup> => {
  const dir = temporaryDirectory(t);
  mkdirSync(join(dir, 'folder'));
  for (const name of ['busy.img', 'free.img']) writeFileSync(join(dir, name), new Uint8Array(4096));
  writeFileSync(join(dir, 'odd.img'), new Uint8Array(100));
  const host = await TestHost.start({logDir: join(dir, 'log')});
  t.teardown(() => host.close());
  const create = (...lines: string[]): Promise<number> => {
    const text = ['name = "bad"', 'kernel = "builtin"', 'memory = 16', ...lines].join('\n');
    return host.host.create(host.host.parse(text, 'test.cfg'), {baseDir: dir});
  };
  await create('name = "busy"', 'disk = ["busy.img,raw,xvda,rw"]');
  await host.settle();
  return {test: host, dir, create};
};

const refusals: readonly [title: string, lines: readonly string[], message: RegExp, exitStatus?: number][] = [
  ['a missing image', ['disk = ["nosuch.img,raw,xvda,rw"]'], /xvda failed to stat: .*nosuch.img: No such file or dir/],
  ['a busy image', ['disk = ["busy.img,raw,xvda,rw"]'], /vdev=xvda .*busy\.img: in use/],
  ['a busy image, read-only', ['disk = ["busy.img,raw,xvda,r"]'], /vdev=xvda .*busy\.img: in use/],
  ['one image twice', ['disk = ["free.img,raw,xvda,rw", "free.img,raw,xvdb,rw"]'], /vdev=xvdb .*free\.img: in use/],
  ['an image of odd size', ['disk = ["odd.img,raw,xvda,rw"]'], /odd\.img: 100 bytes/],
  ['a directory as image', ['disk = ["folder,raw,xvda,rw"]'], /folder: Not a regular file/],
  ['a bad second disk', [`disk = ["${RAM}", "nosuch.img,raw,xvdb,rw"]`], /vdev=xvdb failed to stat/],
  ['one device twice', [`disk = ["${RAM}", "${RAM}"]`], /device already exists/],
  ['a bad device name', ['disk = ["free.img,raw,zzz,rw"]'], /virtual disk identifier zzz/],
  ['a format that is not served', ['disk = ["free.img,qed,xvda,rw"]'], /format qed is not supported/],
  ['an unknown bridge', [`disk = ["${RAM}"]`, 'vif = ["bridge=nosuchbr"]'], /Could not find bridge device nosuchbr/],
  ['too much memory', ['memory = 999999'], /memory=999999: Cannot allocate memory/],
  ['no memory', ['memory = 0'], /memory=0/],
  ['too many vCPUs', ['vcpus = 9999'], /vcpus=9999: .* at most 32/],
  ['an unknown pool', ['pool = "nosuch"'], /^libxl: error: Illegal pool specified: nosuch$/, 6],
  ['an unknown kernel', ['kernel = "nosuch.ts"'], /nosuch\.ts: No such file or directory/],
  ['firmware', ['type = "hvm"', 'kernel = "hvmloader"'], /type="hvm" without kernel=: this host has no BIOS/],
  ['a serial port that is no terminal', ['type = "hvm"', 'serial = "tcp:0:1"'], /serial="tcp:0:1" is not supported/],
  ['three serial ports', ['type = "hvm"', 'serial = ["pty", "pty", "pty"]'], /at most 2 serial ports/],
  ['an AHCI controller', ['type = "hvm"', 'hdtype = "ahci"'], /hdtype="ahci" is not supported/],
  [
    'a read-only IDE disk',
    ['type = "hvm"', 'disk = ["free.img,raw,hda,r"]'],
    /vdev=hda: there are no read-only IDE disks/,
  ],
  [
    'two disks in one place',
    ['type = "hvm"', `disk = ["${RAM}", "ram:1M,raw,hda,rw"]`],
    /vdev=hda: IDE unit 0 is taken/,
  ],
  ["the SCSI adapter's own id", ['type = "hvm"', 'disk = ["free.img,raw,sdh,rw"]'], /vdev=sdh: SCSI id 7/],
  ['an unknown network card', ['type = "hvm"', 'vif = ["model=ne2k_pci"]'], /vif: model=ne2k_pci is not supported/],
  ['a name that is taken', ['name = "busy"'], /^libxl: error: Domain with name "busy" already exists\.$/],
];

for (const [title, lines, message, exitStatus = 3] of refusals) {
  test(`${title} is refused and leaves nothing behind`, async (t) => {
    const {test: host, dir, create} = await start(t);
    const before = footprintOf(host);
    const error = await t.throwsAsync(create(...lines), {instanceOf: ToolstackError, message});
    t.is(error?.exitStatus, exitStatus);
    t.notRegex(error?.message ?? '', /\n/, 'it is one line');
    await host.settle();
    t.deepEqual(footprintOf(host), before);
    t.deepEqual(readdirSync(join(dir, 'log')), ['guest-busy.log']);
    // Whatever it had opened is free again.
    await create('disk = ["free.img,raw,xvda,rw"]');
    t.true(existsSync(join(dir, 'log', 'guest-bad.log')));
  });
}

test('of two guests of one name that are created at once, one comes to be', async (t) => {
  const {test: host, create} = await start(t);
  const outcomes = await Promise.allSettled([create(`disk = ["${RAM}"]`), create(`disk = ["${RAM}"]`)]);
  t.deepEqual(outcomes.map(({status}) => status).toSorted(), ['fulfilled', 'rejected']);
  await host.settle();
  t.is(footprintOf(host).domains.filter((line) => line.startsWith('bad ')).length, 1);
});

test('of two guests that want one image at once, one comes to be', async (t) => {
  const {test: host, create} = await start(t);
  const disk = 'disk = ["free.img,raw,xvda,rw"]';
  const outcomes = await Promise.allSettled([create(disk), create('name = "worse"', disk)]);
  t.deepEqual(outcomes.map(({status}) => status).toSorted(), ['fulfilled', 'rejected']);
  await host.settle();
  t.is(footprintOf(host).domains.length, 3);
});

test('a guest that is destroyed while it is built leaves nothing behind', async (t) => {
  const {test: host, create} = await start(t);
  const before = footprintOf(host);
  const lines = [`disk = ["${RAM}", "free.img,raw,xvdb,rw"]`, 'vif = ["", ""]'];
  const creation = create(...lines).catch(() => undefined);
  let domid = host.host.resolve('bad');
  for (; domid === undefined; domid = host.host.resolve('bad')) await host.settle(1e5);
  await host.host.destroy(domid);
  await creation;
  await host.settle();
  t.deepEqual(footprintOf(host), before);
});

test('a disk or interface that cannot be attached to a running guest leaves nothing behind', async (t) => {
  const {test: host, dir} = await start(t);
  const domid = host.host.resolve('busy');
  if (domid === undefined) return t.fail();
  const config = host.host.parse(
    'name = "x"\nkernel = "builtin"\ndisk = ["nosuch.img,raw,xvdb,rw", "busy.img,raw,xvdb,rw"]\nvif = ["bridge=nosuchbr"]',
  );
  const before = footprintOf(host);
  for (const disk of config.disks) {
    await t.throwsAsync(host.host.disks.attach(domid, disk, dir), {instanceOf: ToolstackError});
  }
  await t.throwsAsync(host.host.vifs.attach(domid, config.vifs[0]), {instanceOf: ToolstackError});
  await host.settle();
  t.deepEqual(footprintOf(host), before);
  t.is((await host.host.disks.list(domid)).length, 1);
});
