import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {DiskUnit} from '../../../backends/scsi/target/index.ts';
import {RamImage} from '../../../backends/storage/index.ts';
import {ENOSPC} from '../../../hypervisor/errno.ts';
import {realClock} from '../../../hypervisor/schedule/index.ts';
import {initiatorOf, toHex} from '../../support/scsi.ts';
import {openImage} from '../../support/storage.ts';
import {temporaryDirectory} from '../../support/temporary.ts';

/** A disk whose operations fail. */
class FailingDisk extends RamImage {
  errno = 5;

  override read(): number {
    return -this.errno;
  }

  override write(): number {
    return -this.errno;
  }

  override flush(): number {
    return -this.errno;
  }

  override discard(): number {
    return -this.errno;
  }
}

const block = new Uint8Array(512);

for (const [title, cdb, out, says] of [
  ['READ', '28 00 00000007 00 0001 00', undefined, '3/11/00'],
  ['VERIFY', '2f 00 00000007 00 0001 00', undefined, '3/11/00'],
  ['WRITE', '2a 00 00000007 00 0001 00', block, '3/0c/00'],
  ['WRITE SAME', '41 00 00000007 00 0001 00', block, '3/0c/00'],
  ['WRITE SAME with UNMAP', '41 08 00000007 00 0001 00', block, '3/0c/00'],
  ['COMPARE AND WRITE', '89 00 0000000000000007 000000 01 00 00', new Uint8Array(1024), '3/11/00'],
  ['SYNCHRONIZE CACHE', '35 00 00000000 00 0000 00', undefined, '3/0c/00'],
] as const) {
  test(`${title} on a disk that fails`, async (t) => {
    const initiator = await initiatorOf(new DiskUnit({storage: new FailingDisk(1 << 20), serial: 'F'}));
    const {sense, senseBytes} = await initiator.send(cdb, out === undefined ? {} : {out});
    t.is(sense, says);
    if (title !== 'SYNCHRONIZE CACHE') t.is(toHex(senseBytes.subarray(0, 7)), 'f0000300000007', 'the block');
  });
}

test('a full disk is no error of the medium', async (t) => {
  const storage = new FailingDisk(1 << 20);
  storage.errno = ENOSPC;
  const initiator = await initiatorOf(new DiskUnit({storage, serial: 'F'}));
  t.is(await initiator.says('2a 00 00000000 00 0001 00', {out: block}), '7/27/07');
});

test('a file that worker threads read and write', async (t) => {
  const path = join(temporaryDirectory(t), 'disk.img');
  writeFileSync(path, new Uint8Array(1 << 20));
  const clock = realClock();
  const unit = new DiskUnit({storage: await openImage(path, {clock}), serial: 'W'});
  t.teardown(() => unit.close());
  const initiator = await initiatorOf(unit);
  const blocks = Array.from({length: 8}, (_, i) => new Uint8Array(2048).fill(i + 1));
  const writes = blocks.map((out, i) =>
    initiator.says(`2a 08 000000${(4 * i).toString(16).padStart(2, '0')} 00 0004 00`, {out}),
  );
  t.true((await Promise.all(writes)).every((says) => says === 'good'));
  const reads = blocks.map((_, i) =>
    initiator.data(`28 00 000000${(4 * i).toString(16).padStart(2, '0')} 00 0004 00`, {room: 2048}),
  );
  t.deepEqual(Buffer.concat(await Promise.all(reads)), Buffer.concat(blocks));
  t.is(
    await initiator.says('42 00 00000000 00 0018 00', {
      out: Buffer.from('001600100000000000000000000000000000000800000000', 'hex'),
    }),
    'good',
  );
  t.deepEqual(
    await initiator.data('28 00 00000000 00 000c 00', {room: 6144}),
    Buffer.concat([Buffer.alloc(4096), blocks[2]]),
  );
});
