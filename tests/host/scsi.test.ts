import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {TestHost} from '../support/host.ts';
import {pattern} from '../support/block.ts';
import {makeQcow2} from '../support/image-makers.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const MIB = 1 << 20;

test('a guest finds its SCSI disks, reads and writes them', async (t) => {
  const dir = temporaryDirectory(t);
  const image = join(dir, 'disk.img');
  writeFileSync(image, pattern(MIB));
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const domid = await host.boot('s', `vscsi=["disk:${image}, 0:0:0:0", "disk:ram:2M, 0:0:1:0, ro, block=4096"]`);
  t.deepEqual((await host.shell(domid, 'lsscsi -g')).split('\n').slice(1, 3), [
    '[0:0:0:0] disk PVSIM    DISK             1.0  /dev/sda /dev/sg0',
    '[0:0:1:0] disk PVSIM    DISK             1.0  /dev/sdb /dev/sg1',
  ]);
  t.regex(await host.shell(domid, 'lsblk'), /^sda {2}8:0 .* 1M +0 disk$[^]*^sdb {2}8:16 .* 2M +1 disk$/m);
  t.regex(await host.shell(domid, 'dd if=/dev/zero of=/dev/sda bs=64k count=2 seek=1 conv=fsync'), /2\+0 records out/);
  t.deepEqual(readFileSync(image).subarray(65536, 196608), Buffer.alloc(131072));
  t.regex(await host.shell(domid, 'dd if=/dev/zero of=/dev/sdb bs=4k count=1'), /Operation not permitted/);
  t.is(host.host.scsi.backend(domid, 0).stats().errors, 0);
});

test('SCSI units come and go while the guest runs', async (t) => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const domid = await host.boot('s');
  await host.host.scsi.attach(domid, 'disk:ram:1M, 0:0:0:0');
  await host.settle();
  await host.host.scsi.attach(domid, 'disk:ram:2M, 0:0:3:1');
  await host.settle();
  t.deepEqual(
    (await host.host.scsi.list(domid)).map(({state, pDev, vDev, pDevname}) => [state, pDev, vDev, pDevname]),
    [
      [4, '0:0:0:0', '0:0:0:0', 'disk:ram:1M'],
      [4, '0:0:1:0', '0:0:3:1', 'disk:ram:2M'],
    ],
  );
  t.regex(await host.shell(domid, 'lsscsi'), /0:0:3:1.*sdb/);
  await host.host.scsi.detach(domid, '0:0:0:0');
  await host.settle();
  t.notRegex(await host.shell(domid, 'lsscsi'), /0:0:0:0/);
  await host.host.scsi.detach(domid, '0:0:3:1');
  t.deepEqual(await host.host.scsi.list(domid), []);
  t.is(await host.read(`/local/domain/${domid}/device/vscsi`), undefined);
});

test('a new SCSI host waits for the backend alone, a unit on one that is connected for both ends', async (t) => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const domid = await host.boot('s');
  const states = async () => (await host.host.scsi.list(domid)).map(({state}) => state);
  host.host.pause(domid);
  await host.host.scsi.attach(domid, 'disk:ram:1M, 0:0:0:0');
  await host.host.scsi.attach(domid, 'disk:ram:1M, 0:0:1:0');
  t.deepEqual(await states(), [1, 1]);
  t.is(await host.read(`/local/domain/0/backend/vscsi/${domid}/0/state`), '2');
  host.host.unpause(domid);
  await host.settle();
  t.deepEqual(await states(), [4, 4]);
  await host.host.scsi.attach(domid, 'disk:ram:1M, 0:0:2:0');
  t.deepEqual(await states(), [4, 4, 4]);
});

test('a disk has the format that its item says; one that is attached is found from any directory', async (t) => {
  const dir = temporaryDirectory(t);
  makeQcow2(join(dir, 'a.qcow2'), 3 * MIB);
  makeQcow2(join(dir, 'b.qcow2'), 5 * MIB);
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const domid = await host.boot('s', `vscsi=["disk:qcow2:${dir}/a.qcow2, 0:0:0:0"]`);
  await host.host.scsi.attach(domid, 'disk:qcow2:b.qcow2, 0:0:1:0, ro', dir);
  await host.settle();
  t.regex(await host.shell(domid, 'lsblk'), /^sda {2}8:0 .* 3M +0 disk$[^]*^sdb {2}8:16 .* 5M +1 disk$/m);
  t.is(host.host.config(domid).vscsi?.[1], `disk:qcow2:${dir}/b.qcow2, 0:0:1:0, ro`);
});

test('two guests share a unit: what one writes the other reads', async (t) => {
  const image = join(temporaryDirectory(t), 'disk.img');
  writeFileSync(image, pattern(MIB));
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const config = `vscsi=["disk:${image}, 0:0:0:0"]`;
  const [a, b] = [await host.boot('a', config), await host.boot('b', config)];
  await host.shell(a, 'dd if=/dev/zero of=/dev/sda bs=1M count=1');
  const sum = /^[0-9a-f]{64}/m.exec(await host.shell(b, 'sha256sum /dev/sda'))?.[0];
  t.is(sum, '30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58');
});

for (const [spec, reason] of [
  ['disk:/none/such, 0:0:0:0', /vscsi disk:\/none\/such: .*No such file|missing/],
  ['3:0:0:0, 0:0:0:0', /is a device of this machine/],
  ['/dev/sg0, 0:0:0:0', /is a device of this machine/],
  ['floppy:/a, 0:0:0:0', /pdev has to be one of/],
  ['disk:ram:1M, 0:0:0', /vdev "0:0:0" has to be/],
  ['disk:ram:1M, 0:0:0:0, blocks=7', /option "blocks=7"/],
] as const) {
  test(`vscsi "${spec}" is refused in a line, and nothing is left`, async (t) => {
    const host = await TestHost.start();
    t.teardown(() => host.close());
    const error = await t.throwsAsync(host.create(`name="s"\nkernel="builtin"\nmemory=16\nvscsi=["${spec}"]`));
    t.regex(error.message, reason);
    t.is(host.host.domains().length, 1);
  });
}

test('backup: one guest writes to a tape, the changer swaps it, another reads it', async (t) => {
  const dir = temporaryDirectory(t);
  for (const name of ['A00001', 'A00002']) writeFileSync(join(dir, `${name}.tap`), '');
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const changer = `vscsi=["changer:${dir}, 0:0:1:0, drives=2, slots=4"]`;
  const writer = await host.boot('writer', `${changer}\ndisk=["ram:1M,raw,xvda,w"]`);
  const reader = await host.boot('reader', changer);
  t.deepEqual((await host.shell(writer, 'lsscsi')).split('\n').slice(1, 4), [
    '[0:0:1:0] mediumx PVSIM    CHANGER          1.0  /dev/sch0',
    '[0:0:1:1] tape    PVSIM    TAPE             1.0  /dev/st0',
    '[0:0:1:2] tape    PVSIM    TAPE             1.0  /dev/st1',
  ]);
  t.regex(await host.shell(writer, 'mt status'), /DR_OPEN/);
  await host.shell(writer, 'mtx load 2 0');
  t.regex(
    await host.shell(writer, 'mtx status'),
    /Element 0:Full \(Storage Element 2 Loaded\):VolumeTag = A00002[^]*Storage Element 1:Full :VolumeTag=A00001\n.*Storage Element 2:Empty/,
  );
  await host.shell(writer, 'dd if=/dev/random of=/dev/xvda bs=64k count=16');
  const sums: (string | undefined)[] = [];
  for (const [blocks, size] of [
    [3, '10k'],
    [2, '32k'],
    [1, '512'],
  ]) {
    await host.shell(writer, `dd if=/dev/xvda of=/dev/nst0 bs=${size} count=${blocks}`);
  }
  t.regex(await host.shell(writer, 'mt tell'), /At block 9\./);
  await host.shell(writer, 'mt rewind');
  for (let file = 0; file < 3; file++) {
    sums.push(/^[0-9a-f]{64}/m.exec(await host.shell(writer, 'sha256sum /dev/nst0'))?.[0]);
  }
  t.is(new Set(sums).size, 3);
  t.regex(
    await host.shell(writer, 'mt offline; mtx unload 3 0; mtx status'),
    /Storage Element 3:Full :VolumeTag=A00002/,
  );
  await host.shell(reader, 'mtx load 3 1');
  for (const sum of sums) t.is(/^[0-9a-f]{64}/m.exec(await host.shell(reader, 'sha256sum /dev/nst1'))?.[0], sum);
  t.regex(
    await host.shell(reader, 'mt -f /dev/nst1 rewind; mt -f /dev/nst1 fsf 2; mt -f /dev/nst1 tell'),
    /At block 7\./,
  );
  const records = recordsOf(readFileSync(join(dir, 'A00002.tap')));
  t.deepEqual(records, [10240, 10240, 10240, 0, 32768, 32768, 0, 512, 0]);
});

/** Lengths of the records of a SIMH tape, 0 for a filemark. @see simh_magtape, "Magtape representation" */
const recordsOf = (tape: Buffer): number[] => {
  const records: number[] = [];
  for (let at = 0; at + 4 <= tape.length;) {
    const length = tape.readUInt32LE(at);
    if (length === 0xffff_ffff) break;
    records.push(length);
    at += length === 0 ? 4 : 8 + length + (length % 2);
  }
  return records;
};
