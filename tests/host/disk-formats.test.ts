import {readFileSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {pattern, tempDir} from '../support/block.ts';
import {fullBeyond} from '../support/full-files.ts';
import {TestHost} from '../support/host.ts';
import {makeQcow2, makeVhd} from '../support/image-makers.ts';
import {openImage, readBytes} from '../support/storage.ts';

const SIZE = 2 ** 20;

const startHost = async (t: ExecutionContext): Promise<TestHost> => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  return host;
};

const specs: readonly [what: string, spec: (path: string) => string, prefix: string, make: (path: string) => void][] = [
  ['format=qcow2', (path) => `format=qcow2,vdev=xvda,target=${path}`, 'qcow2:', (path) => makeQcow2(path, SIZE)],
  ['positional qcow2', (path) => `${path},qcow2,xvda,w`, 'qcow2:', (path) => makeQcow2(path, SIZE)],
  ['the old prefix qcow2:', (path) => `qcow2:${path},xvda,w`, 'qcow2:', (path) => makeQcow2(path, SIZE)],
  ['format=vhd', (path) => `format=vhd,vdev=xvda,target=${path}`, 'vhd:', (path) => makeVhd(path, SIZE)],
  ['no format: raw', (path) => `vdev=xvda,target=${path}`, '', (path) => writeFileSync(path, Buffer.alloc(SIZE))],
];

for (const [what, spec, prefix, make] of specs) {
  test(`${what}: a guest writes to the image`, async (t) => {
    const path = join(tempDir(t), 'disk');
    make(path);
    const host = await startHost(t);
    const domid = await host.boot('guest', `disk=["${spec(path)}"]`);
    t.is(await host.read(`/local/domain/0/backend/vbd/${domid}/51712/params`), `${prefix}${path}`);
    t.is(await host.read(`/local/domain/0/backend/vbd/${domid}/51712/sectors`), String(SIZE / 512));
    await host.shell(domid, 'dd if=/dev/xvda of=/dev/xvda bs=4k count=16 seek=32 conv=fsync');
    await host.host.destroy(domid);
    const storage = await openImage(`${prefix}${path}`);
    t.is((await readBytes(storage)).length, SIZE);
    storage.close();
  });
}

test('the format of an image is not guessed: raw is what it says', async (t) => {
  const path = join(tempDir(t), 'disk.qcow2');
  makeQcow2(path, 64 * SIZE);
  const before = readFileSync(path);
  const host = await startHost(t);
  const domid = await host.boot('guest', `disk=["${path},raw,xvda,r"]`);
  t.is(await host.read(`/local/domain/0/backend/vbd/${domid}/51712/sectors`), String(before.length / 512));
});

test('images that cannot be opened are refused in a line that says what is wrong where', async (t) => {
  const dir = tempDir(t);
  const at = (name: string): string => join(dir, name);
  writeFileSync(at('raw.img'), pattern(SIZE));
  makeQcow2(at('truncated.qcow2'), SIZE);
  truncateSync(at('truncated.qcow2'), 100_000);
  makeQcow2(at('loop.qcow2'), SIZE, {backing: {file: 'loop.qcow2', format: 'qcow2'}});
  makeQcow2(at('probe.qcow2'), SIZE, {backing: {file: 'raw.img'}});
  const host = await startHost(t);
  const table: [spec: string, message: RegExp][] = [
    [`${at('raw.img')},qcow2,xvda,w`, /Disk vdev=xvda .*raw\.img: not a qcow2 image/],
    [`${at('raw.img')},vhd,xvda,w`, /not a VHD image/],
    [`${at('truncated.qcow2')},qcow2,xvda,w`, /truncated: the refcount table ends at byte 131072, the file at 100000/],
    [`${at('loop.qcow2')},qcow2,xvda,w`, /a loop: it is based on itself/],
    [`${at('probe.qcow2')},qcow2,xvda,w`, /the format of its backing file raw\.img is not given/],
    [`${at('none.qcow2')},qcow2,xvda,w`, /failed to stat: .*No such file or directory/],
    [`${at('raw.img')},qed,xvda,w`, /format qed is not supported \(raw, qcow2, vhd are\)/],
    ['vdev=xvda,target=nbd://localhost/x', /an NBD server cannot be used in virtual time/],
    ['nbd://localhost/x,xvda,w', /nbd:\/\/localhost\/x: an NBD server cannot be used in virtual time/],
    ['format=qcow2,vdev=xvda,target=nbd://localhost/x', /has no format: leave format=qcow2 out/],
  ];
  for (const [spec, message] of table) {
    const create = host.create(`name="x"\nkernel="builtin"\nmemory=16\ndisk=["${spec}"]`);
    await t.throwsAsync(create, {message}, spec);
  }
  t.deepEqual(
    host.host.domains().map(({domid}) => domid),
    [0],
  );
});

test('guests share a base, and an image that is only read; not one that is written', async (t) => {
  const dir = tempDir(t);
  writeFileSync(join(dir, 'base.img'), pattern(SIZE));
  for (const name of ['a', 'b']) {
    makeQcow2(join(dir, `${name}.qcow2`), SIZE, {backing: {file: 'base.img', format: 'raw'}});
  }
  const host = await startHost(t);
  const shared = `"${join(dir, 'base.img')},raw,xvdb,r"`;
  await host.boot('a', `disk=["${join(dir, 'a.qcow2')},qcow2,xvda,w", ${shared}]`);
  await host.boot('b', `disk=["${join(dir, 'b.qcow2')},qcow2,xvda,w", ${shared}]`);
  for (const spec of [`${join(dir, 'a.qcow2')},qcow2,xvda,r`, `${join(dir, 'base.img')},raw,xvda,w`]) {
    const create = host.create(`name="c"\nkernel="builtin"\nmemory=16\ndisk=["${spec}"]`);
    await t.throwsAsync(create, {message: /in use by another disk/});
  }
});

test('a full disk of the host is an I/O error of the guest, and nothing earlier is lost', async (t) => {
  const path = join(tempDir(t), 'disk.qcow2');
  makeQcow2(path, 4 * SIZE);
  const host = await TestHost.start({fileCalls: fullBeyond(() => 2 * SIZE)});
  t.teardown(() => host.close());
  const domid = await host.boot('guest', `disk=["${path},qcow2,xvda,w", "ram:4m,raw,xvdb,w"]`);
  t.regex(await host.shell(domid, 'dd if=/dev/zero of=/dev/xvda bs=64k count=8 conv=fsync'), /8\+0 records out/);
  t.regex(await host.shell(domid, 'dd if=/dev/xvdb of=/dev/xvda bs=64k'), /[Ii]nput\/output error/);
  t.regex(await host.shell(domid, 'dd if=/dev/xvda of=/dev/null bs=64k count=8'), /8\+0 records in/);
  t.is(host.host.domains().length, 2);
  await host.host.destroy(domid);
  const storage = await openImage(`qcow2:${path}`);
  t.is((await readBytes(storage)).length, 4 * SIZE);
  storage.close();
});
