import test from 'ava';
import {DiskUnit, type DiskOptions} from '../../../backends/scsi/target/index.ts';
import {RamImage} from '../../../backends/storage/index.ts';
import {hexBytes, type Initiator, initiatorOf, type Sent, toHex} from '../../support/scsi.ts';

const BLOCKS = 2048;

const diskOf = (options: Partial<DiskOptions> = {}): DiskUnit =>
  new DiskUnit({storage: new RamImage(BLOCKS * (options.blockBytes ?? 512)), serial: 'D0', ...options});

const disk = (options?: Partial<DiskOptions>): Promise<Initiator> => initiatorOf(diskOf(options));

const pattern = (length: number, seed = 1): Uint8Array => Uint8Array.from({length}, (_, i) => (i * 7 + seed) & 0xff);

const written = async (initiator: Initiator, lba: number, blocks: number, blockBytes = 512): Promise<Uint8Array> =>
  initiator.data(`28 00 ${lba.toString(16).padStart(8, '0')} 00 ${blocks.toString(16).padStart(4, '0')} 00`, {
    room: blocks * blockBytes,
  });

const shapes = [
  ['6', '0a 000005 02 00', '08 000005 02 00'],
  ['10', '2a 00 00000005 00 0002 00', '28 00 00000005 00 0002 00'],
  ['12', 'aa 00 00000005 00000002 00 00', 'a8 00 00000005 00000002 00 00'],
  ['16', '8a 00 0000000000000005 00000002 00 00', '88 00 0000000000000005 00000002 00 00'],
] as const;

for (const [form, write, read] of shapes) {
  for (const blockBytes of [512, 4096] as const) {
    test(`READ and WRITE (${form}), blocks of ${blockBytes}`, async (t) => {
      const initiator = await disk({blockBytes});
      const bytes = pattern(2 * blockBytes);
      const {status, transferBytes} = await initiator.send(write, {out: bytes});
      t.deepEqual([status, transferBytes], [0, bytes.length]);
      t.deepEqual(await initiator.data(read, {room: bytes.length}), Buffer.from(bytes));
      t.deepEqual(await written(initiator, 5, 2, blockBytes), Buffer.from(bytes));
    });
  }
}

/** A command, what goes with it, and what a disk of 2048 blocks says to it. */
const answers: readonly (readonly [title: string, cdb: string, sent: Sent, says: string])[] = [
  ['TEST UNIT READY', '00 00000000 00', {}, 'good'],
  ['a CDB of no bytes', '', {}, '5/20/00'],
  ['a CDB of 17 bytes', '00'.repeat(17), {}, '5/24/00'],
  ['a CDB that is cut off', '28 00 00', {}, '5/24/00'],
  ['an unknown operation code', 'ff 00', {}, '5/20/00'],
  ['an unknown service action', '9e 1f 0000000000000000 00000000 00 00', {}, '5/24/00'],
  ['a reserved bit', '00 00000001 00', {}, '5/24/00'],
  ['NACA', '00 00000000 04', {}, '5/24/00'],
  ['a LUN that is not there', '00 00000000 00', {lun: 3}, '5/25/00'],
  ['REQUEST SENSE at such a LUN', '03 0000 00 ff 00', {lun: 3}, 'good'],
  ['READ at the end', '28 00 000007ff 00 0001 00', {}, 'good'],
  ['READ beyond the end', '28 00 000007ff 00 0002 00', {}, '5/21/00'],
  ['READ (16) at the last LBA there could be', '88 00 ffffffffffffffff 00000001 00 00', {}, '5/21/00'],
  ['READ of no blocks', '28 00 00000000 00 0000 00', {}, 'good'],
  ['READ of no blocks beyond the end', '28 00 00000801 00 0000 00', {}, '5/21/00'],
  ['READ with protection information', '28 20 00000000 00 0001 00', {}, '5/24/00'],
  ['READ with DPO and FUA', '28 18 00000000 00 0001 00', {}, 'good'],
  ['WRITE beyond the end', '2a 00 00000800 00 0001 00', {out: pattern(512)}, '5/21/00'],
  ['WRITE with FUA', '2a 08 00000000 00 0001 00', {out: pattern(512)}, 'good'],
  ['WRITE of a part of a block', '2a 00 00000000 00 0001 00', {out: pattern(200)}, '5/0e/03'],
  ['WRITE SAME with two blocks of data', '41 00 00000000 00 0001 00', {out: pattern(1024)}, '5/0e/03'],
  ['WRITE SAME with ANCHOR', '41 10 00000000 00 0001 00', {out: pattern(512)}, '5/24/00'],
  ['COMPARE AND WRITE with too little data', '89 00 0000000000000000 000000 01 00 00', {out: pattern(512)}, '5/24/00'],
  ['VERIFY with the reserved BYTCHK', '2f 04 00000000 00 0001 00', {out: pattern(512)}, '5/24/00'],
  ['VERIFY of the medium', '2f 00 00000000 00 0100 00', {}, 'good'],
  ['UNMAP with a short list', '42 00 00000000 00 0004 00', {out: pattern(4)}, '5/1a/00'],
  ['UNMAP with fewer data than it says', '42 00 00000000 00 0018 00', {out: pattern(8)}, '5/1a/00'],
  ['GET LBA STATUS beyond the end', '9e 12 0000000000000800 00000018 00 00', {}, '5/21/00'],
  ['PRE-FETCH', '34 00 00000000 00 0010 00', {}, 'good'],
  ['SYNCHRONIZE CACHE', '35 00 00000000 00 0000 00', {}, 'good'],
  ['SYNCHRONIZE CACHE beyond the end', '91 00 0000000000000801 00000000 00 00', {}, '5/21/00'],
  ['MODE SENSE of a page that is not there', '1a 00 15 00 ff 00', {}, '5/24/00'],
  ['INQUIRY of a page that is not there', '12 01 99 00ff 00', {}, '5/24/00'],
  ['INQUIRY with a page but without EVPD', '12 00 80 00ff 00', {}, '5/24/00'],
  ['LOG SENSE of a page that is not there', '4d 00 33 00 00 0000 00ff 00', {}, '5/24/00'],
  ['REPORT LUNS with an unknown selection', 'a0 00 07 000000 000000ff 00 00', {}, '5/24/00'],
  ['PREVENT', '1e 000000 01 00', {}, 'good'],
  ['SEND DIAGNOSTIC', '1d 04 000000 00', {}, 'good'],
  ['SEND DIAGNOSTIC with another test', '1d 24 000000 00', {}, '5/24/00'],
];

for (const [title, cdb, sent, says] of answers) {
  test(`a disk says ${says} to ${title}`, async (t) => {
    t.is(await (await disk()).says(cdb, sent), says);
  });
}

test('a field that is wrong is pointed to', async (t) => {
  const {senseBytes} = await (await disk()).send('28 20 00000000 00 0001 00');
  t.is(toHex(senseBytes.subarray(15, 18)), 'cd0001', 'bit 5 of byte 1 of the CDB');
});

test('reading into too little room gives what fits, and an overflow', async (t) => {
  const initiator = await disk();
  const bytes = pattern(1024);
  await initiator.send('2a 00 00000000 00 0002 00', {out: bytes});
  for (const room of [0, 200, 512, 700, 1024, 2000]) {
    const {status, data, transferBytes} = await initiator.send('28 00 00000000 00 0002 00', {room});
    t.deepEqual([status, transferBytes], [0, 1024]);
    t.deepEqual(data, Buffer.from(bytes.subarray(0, Math.min(room, 1024))), `room of ${room}`);
  }
});

test('fewer blocks than a WRITE names are written, more are not', async (t) => {
  const initiator = await disk();
  const short = await initiator.send('2a 00 00000000 00 0002 00', {out: pattern(512)});
  t.deepEqual([short.status, short.transferBytes], [0, 1024]);
  const long = await initiator.send('2a 00 00000001 00 0001 00', {out: pattern(1500, 3)});
  t.deepEqual([long.status, long.transferBytes], [0, 512]);
  t.deepEqual(await written(initiator, 0, 3), Buffer.concat([pattern(512), pattern(512, 3), Buffer.alloc(512)]));
});

test('data that go the other way are no data', async (t) => {
  const initiator = await disk();
  const read = await initiator.send('28 00 00000000 00 0001 00', {out: pattern(512)});
  t.deepEqual([read.status, read.transferBytes], [0, 512]);
  const write = await initiator.send('2a 00 00000000 00 0001 00', {room: 512});
  t.deepEqual([write.status, write.transferBytes], [0, 512]);
  t.deepEqual(await written(initiator, 0, 1), Buffer.alloc(512));
});

test('VERIFY compares bytes, and says where they differ', async (t) => {
  const initiator = await disk();
  const bytes = pattern(1024);
  await initiator.send('2a 00 00000003 00 0002 00', {out: bytes});
  t.is(await initiator.says('2f 02 00000003 00 0002 00', {out: bytes}), 'good');
  const wrong = bytes.slice();
  wrong[700] ^= 1;
  const {sense, senseBytes} = await initiator.send('2f 02 00000003 00 0002 00', {out: wrong});
  t.is(sense, 'e/1d/00');
  t.is(toHex(senseBytes.subarray(0, 7)), 'f0000e000002bc');
  t.is(await initiator.says('2f 06 00000010 00 0008 00', {out: new Uint8Array(512)}), 'good', 'one block for all');
  t.is(await initiator.says('af 02 00000003 00000002 00 00', {out: bytes}), 'good');
  t.is(await initiator.says('8f 02 0000000000000003 00000002 00 00', {out: bytes.subarray(0, 512)}), '5/0e/03');
});

for (const [form, cdb] of [
  ['10', '2e 02 00000003 00 0002 00'],
  ['12', 'ae 00 00000003 00000002 00 00'],
  ['16', '8e 02 0000000000000003 00000002 00 00'],
] as const) {
  test(`WRITE AND VERIFY (${form})`, async (t) => {
    const initiator = await disk();
    t.is(await initiator.says(cdb, {out: pattern(1024)}), 'good');
    t.deepEqual(await written(initiator, 3, 2), Buffer.from(pattern(1024)));
  });
}

test('WRITE SAME writes, unmaps, and goes on to the end', async (t) => {
  const initiator = await disk();
  const same = pattern(512);
  t.is(await initiator.says('41 00 00000001 00 0003 00', {out: same}), 'good');
  t.deepEqual(await written(initiator, 0, 5), Buffer.concat([Buffer.alloc(512), same, same, same, Buffer.alloc(512)]));
  t.is(await initiator.says('93 09 0000000000000002 00000001 00 00', {out: new Uint8Array(0)}), 'good', 'NDOB');
  t.deepEqual(await written(initiator, 1, 3), Buffer.concat([same, Buffer.alloc(512), same]));
  t.is(await initiator.says('93 08 0000000000000001 00000001 00 00', {out: new Uint8Array(512)}), 'good');
  t.deepEqual(await written(initiator, 1, 1), Buffer.alloc(512));
  t.is(await initiator.says('41 00 000007fe 00 0000 00', {out: same}), 'good', 'to the end');
  t.deepEqual(await written(initiator, 2045, 3), Buffer.concat([Buffer.alloc(512), same, same]));
  t.is(await initiator.says('41 08 000007ff 00 0000 00', {out: same}), 'good', 'UNMAP, whatever the data');
  t.deepEqual(await written(initiator, 2046, 2), Buffer.concat([same, Buffer.alloc(512)]));
});

const unmapList = (...ranges: (readonly [lba: number, blocks: number])[]): Uint8Array => {
  const list = Buffer.alloc(8 + 16 * ranges.length);
  list.writeUInt16BE(list.length - 2, 0);
  list.writeUInt16BE(16 * ranges.length, 2);
  ranges.forEach(([lba, blocks], i) => {
    list.writeBigUInt64BE(BigInt(lba), 8 + 16 * i);
    list.writeUInt32BE(blocks, 16 + 16 * i);
  });
  return list;
};

const unmap = (initiator: Initiator, ...ranges: (readonly [number, number])[]): Promise<string> => {
  const out = unmapList(...ranges);
  return initiator.says(`42 00 00000000 00 ${out.length.toString(16).padStart(4, '0')} 00`, {out});
};

test('UNMAP clears all of its ranges, or none', async (t) => {
  const initiator = await disk();
  await initiator.send('41 00 00000000 00 0010 00', {out: pattern(512)});
  t.is(await unmap(initiator, [1, 2], [7, 1]), 'good');
  const bytes = await written(initiator, 0, 16);
  const cleared = Array.from({length: 16}, (_, i) => i).filter((i) => bytes[i * 512 + 1] === 0);
  t.deepEqual(cleared, [1, 2, 7]);
  t.is(await unmap(initiator, [10, 1], [2048, 1]), '5/21/00');
  t.deepEqual(await written(initiator, 10, 1), Buffer.from(pattern(512)), 'nothing was done');
  t.is(await unmap(initiator, [2048, 0]), 'good');
  t.is(await unmap(initiator), 'good');
  t.is(await unmap(initiator, ...Array.from({length: 257}, () => [0, 1] as const)), '5/26/00');
});

test('COMPARE AND WRITE writes only what it found', async (t) => {
  const initiator = await disk();
  const [old, next] = [pattern(1024), pattern(1024, 9)];
  await initiator.send('2a 00 00000004 00 0002 00', {out: old});
  const swap = '89 00 0000000000000004 000000 02 00 00';
  t.is(await initiator.says(swap, {out: Buffer.concat([old, next])}), 'good');
  t.deepEqual(await written(initiator, 4, 2), Buffer.from(next));
  t.is(await initiator.says(swap, {out: Buffer.concat([old, next])}), 'e/1d/00');
});

test('ORWRITE', async (t) => {
  const initiator = await disk();
  await initiator.send('2a 00 00000000 00 0001 00', {out: new Uint8Array(512).fill(0x0f)});
  t.is(await initiator.says('8b 00 0000000000000000 00000001 00 00', {out: new Uint8Array(512).fill(0x30)}), 'good');
  t.deepEqual(await written(initiator, 0, 1), Buffer.alloc(512, 0x3f));
});

test('READ CAPACITY', async (t) => {
  const small = await disk({blockBytes: 4096});
  t.is(toHex(await small.data('25 00 00000000 0000 00 00')), '000007ff00001000');
  const long = await small.data('9e 10 0000000000000000 00000020 00 00');
  t.is(toHex(long.subarray(0, 16)), '00000000000007ff000010000000c000');
  t.is((await small.data('9e 10 0000000000000000 0000000c 00 00')).length, 12, 'the allocation length');
});

test('GET LBA STATUS says that all may be mapped', async (t) => {
  const initiator = await disk();
  const bytes = await initiator.data('9e 12 0000000000000010 00000100 00 00');
  t.is(toHex(bytes), '00000014000000000000000000000010000007f000000000');
});

test('vital product data', async (t) => {
  const initiator = await disk();
  t.is(toHex(await initiator.data('12 01 00 00ff 00')), '00000006008083b0b1b2');
  t.is(toHex(await initiator.data('12 01 80 00ff 00')), '00800002' + toHex(Buffer.from('D0')));
  t.is((await initiator.data('12 01 b0 00ff 00')).length, 64);
  t.is(toHex(await initiator.data('12 01 b2 00ff 00')), '00b2000400e40200');
});

test('a write-protected disk is read only', async (t) => {
  const initiator = await disk({storage: new RamImage(BLOCKS * 512, true)});
  const list = unmapList([0, 1]);
  for (const [cdb, out] of [
    ['2a 00 00000000 00 0001 00', pattern(512)],
    ['2e 00 00000000 00 0001 00', pattern(512)],
    ['41 00 00000000 00 0001 00', pattern(512)],
    ['41 08 00000000 00 0001 00', new Uint8Array(0)],
    ['42 00 00000000 00 0018 00', list],
    ['89 00 0000000000000000 000000 01 00 00', pattern(1024)],
    ['8b 00 0000000000000000 00000001 00 00', pattern(512)],
  ] as const) {
    t.is(await initiator.says(cdb, {out}), '7/27/00', cdb);
  }
  t.is((await initiator.data('1a 08 3f 00 ff 00'))[2], 0x90);
});

test('mode pages: changed, remembered, refused', async (t) => {
  const initiator = await disk();
  const control = (await initiator.data('1a 08 0a 00 ff 00')).subarray(4);
  t.is(toHex(control), '8a0a001000000000ffff0000');
  const protect = Buffer.concat([Buffer.alloc(4), control]);
  protect[4] = 0x0a;
  protect[8] = 0x08;
  const select = '15 10 0000 10 00';
  t.is(await initiator.says(select, {out: protect}), 'good');
  t.is(await initiator.says('2a 00 00000000 00 0001 00', {out: pattern(512)}), '7/27/02');
  protect[7] = 0x20;
  const refused = await initiator.send(select, {out: protect});
  t.is(refused.sense, '5/26/00');
  t.is(toHex(refused.senseBytes.subarray(15, 18)), '8d0007', 'bit 5 of byte 7 of the list');
  t.is(toHex((await initiator.data('1a 08 8a 00 ff 00')).subarray(4)), '8a0a001000000000ffff0000', 'the default');
  t.is(await initiator.says(select, {out: protect.subarray(0, 15)}), '5/1a/00');
  await initiator.target.resetUnit(0);
  t.is(await initiator.says('00 00000000 00'), '6/29/03');
  t.is(await initiator.says('2a 00 00000000 00 0001 00', {out: pattern(512)}), 'good', 'saved values again');
});

test('descriptor sense, where it is asked for', async (t) => {
  const initiator = await disk();
  const page = hexBytes('00000000 0a0a 04 10 0000 0000 ffff 0000');
  t.is(await initiator.says('15 10 0000 10 00', {out: page}), 'good');
  const {senseBytes} = await initiator.send('28 20 00000000 00 0001 00');
  t.is(toHex(senseBytes), '720524000000000802060000cd000100');
});

test('a removable disk is ejected, unless somebody prevents it', async (t) => {
  const initiator = await disk({removable: true});
  const eject = '1b 00 00 00 02 00';
  await initiator.send('1e 000000 01 00');
  t.is(await initiator.says(eject), '5/53/02');
  await initiator.send('1e 000000 00 00');
  t.is(await initiator.says('00 00000000 00', {from: 'iqn.2026-01.test:two'}), '6/29/00');
  t.is(await initiator.says(eject), 'good');
  t.is(await initiator.says('00 00000000 00'), '2/3a/00');
  t.is(await initiator.says('28 00 00000000 00 0001 00'), '2/3a/00');
  t.is(toHex((await initiator.data('03 00 0000 ff 00')).subarray(0, 14)), '700002000000000a000000003a00');
  t.is(await initiator.says('1b 00 00 00 03 00'), 'good');
  t.is(await initiator.says('00 00000000 00'), 'good');
  t.is(await initiator.says('00 00000000 00', {from: 'iqn.2026-01.test:two'}), '6/28/00');
});

test('a fixed disk that was stopped wants to be started', async (t) => {
  const initiator = await disk();
  t.is(await initiator.says('1b 00 00 00 00 00'), 'good');
  t.is(await initiator.says('28 00 00000000 00 0001 00'), '2/04/02');
  t.is(await initiator.says('1b 00 00 00 01 00'), 'good');
  t.is(await initiator.says('28 00 00000000 00 0001 00'), 'good');
});

test('REPORT SUPPORTED OPERATION CODES tells of every command', async (t) => {
  const initiator = await disk();
  const all = Buffer.from(await initiator.data('a3 0c 00 00 0000 0000ffff 00 00'));
  t.is(all.readUInt32BE(0), all.length - 4);
  for (let at = 4; at < all.length; at += 8) {
    const [opcode, action] = [all[at], all.readUInt16BE(at + 2)];
    const option = (all[at + 5] & 1) === 1 ? '02' : '01';
    const question = `a3 0c ${option} ${toHex(Uint8Array.of(opcode))} ${action.toString(16).padStart(4, '0')} 00000100 00 00`;
    const one = await initiator.data(question);
    t.is(one[1], 0x03);
    t.is(one[4], opcode);
    t.is(one[3], all.readUInt16BE(at + 6));
  }
  t.is(toHex(await initiator.data('a3 0c 01 ff 0000 00000100 00 00')), '00010000');
  t.is(await initiator.says('a3 0c 02 28 0000 00000100 00 00'), '5/24/00');
  t.is(await initiator.says('a3 0c 01 9e 0000 00000100 00 00'), '5/24/00');
});
