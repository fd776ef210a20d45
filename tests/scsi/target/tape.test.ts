import {readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {Cartridge, type CartridgeOptions, TapeUnit} from '../../../backends/scsi/target/index.ts';
import {ImageLocks, StorageError} from '../../../backends/storage/index.ts';
import {realClock} from '../../../hypervisor/schedule/index.ts';
import {fullBeyond} from '../../support/full-files.ts';
import {type Initiator, initiatorOf, type Seen, toHex} from '../../support/scsi.ts';
import {tapRecords} from '../../support/tap-records.ts';
import {temporaryDirectory} from '../../support/temporary.ts';

const openTape = (path: string, options: Partial<CartridgeOptions> = {}): Promise<Cartridge | StorageError> =>
  Cartridge.open(path, {readonly: false, create: true, locks: new ImageLocks(), ...options});

interface Drive {
  tape: TapeUnit;
  initiator: Initiator;
  path: string;
}

/** A drive with a tape in it: a new one, or a file's. */
const driveWith = async (
  t: ExecutionContext,
  {bytes, ...options}: Partial<CartridgeOptions> & {bytes?: Uint8Array} = {},
): Promise<Drive> => {
  const path = join(temporaryDirectory(t), 'one.tap');
  if (bytes !== undefined) writeFileSync(path, bytes);
  const cartridge = await openTape(path, options);
  if (cartridge instanceof StorageError) throw cartridge;
  const tape = new TapeUnit({serial: 'T0'});
  tape.insert(cartridge);
  t.teardown(() => tape.close());
  return {tape, initiator: await initiatorOf(tape), path};
};

const h24 = (value: number): string => (value & 0xff_ffff).toString(16).padStart(6, '0');

const block = (length: number, seed: number): Uint8Array => Uint8Array.from({length}, (_, i) => (i + seed * 31) & 0xff);

const write = ({initiator}: Drive, bytes: Uint8Array): Promise<string> =>
  initiator.says(`0a 00 ${h24(bytes.length)} 00`, {out: bytes});
const read = ({initiator}: Drive, length: number, flags = '00'): Promise<Seen> =>
  initiator.send(`08 ${flags} ${h24(length)} 00`, {room: length});
const says = ({initiator}: Drive, cdb: string): Promise<string> => initiator.says(cdb);
const mark = (drive: Drive, count = 1): Promise<string> => says(drive, `10 00 ${h24(count)} 00`);
const rewind = (drive: Drive): Promise<string> => says(drive, '01 00 000000 00');
const space = (drive: Drive, code: number, count: number): Promise<Seen> =>
  drive.initiator.send(`11 0${code} ${h24(count)} 00`);
const fixed = ({initiator}: Drive, length: number): Promise<string> =>
  initiator.says('15 10 0000 0c 00', {
    out: Buffer.from(`00001008 00000000 00${h24(length)}`.replaceAll(' ', ''), 'hex'),
  });

/** Number of the next object. */
const position = async ({initiator}: Drive): Promise<number> =>
  Buffer.from(await initiator.data('34 00 0000000000 0000 00')).readUInt32BE(4);

/** Key, ASC, ASCQ, flags (filemark, end of medium, incorrect length) and INFORMATION of fixed sense data. */
const details = ({sense, senseBytes}: Seen): [string, string, number] => {
  const flags = [
    [0x80, 'F'],
    [0x40, 'E'],
    [0x20, 'I'],
  ] as const;
  const set = flags.filter(([bit]) => (senseBytes[2] & bit) !== 0).map(([, letter]) => letter);
  return [sense, set.join(''), Buffer.from(senseBytes).readInt32BE(3)];
};

test('blocks and filemarks are in the file as the format says', async (t) => {
  const drive = await driveWith(t);
  t.is(await write(drive, block(512, 1)), 'good');
  t.is(await write(drive, block(77, 2)), 'good');
  t.is(await mark(drive), 'good');
  t.is(await write(drive, block(100_001, 3)), 'good');
  t.is(await mark(drive, 2), 'good');
  t.deepEqual(
    tapRecords(drive.path),
    [block(512, 1), block(77, 2), [], block(100_001, 3), [], []].map((data) => ({
      length: data.length,
      data: Buffer.from(data),
    })),
  );
  t.is(statSync(drive.path).size, 520 + 86 + 4 + 100_010 + 8);
});

test('blocks of any length are read back; another length is said', async (t) => {
  const drive = await driveWith(t);
  for (const length of [512, 300, 1]) await write(drive, block(length, length));
  await mark(drive);
  await rewind(drive);
  t.deepEqual((await read(drive, 512)).data, Buffer.from(block(512, 512)));
  const short = await read(drive, 512);
  t.deepEqual(details(short), ['0/00/00', 'I', 212]);
  t.deepEqual(short.data, Buffer.from(block(300, 300)));
  t.is(short.transferBytes, 300);
  await space(drive, 0, -1);
  const long = await read(drive, 100);
  t.deepEqual(details(long), ['0/00/00', 'I', -200]);
  t.deepEqual(long.data, Buffer.from(block(300, 300).subarray(0, 100)));
  await space(drive, 0, -1);
  for (const length of [512, 100]) {
    t.is((await read(drive, length, '02')).status, 0, 'SILI');
    await space(drive, 0, -1);
  }
  t.is((await read(drive, 0)).status, 0, 'nothing is read, nothing is moved');
  await read(drive, 300);
  t.is((await read(drive, 1)).status, 0);
  t.deepEqual(details(await read(drive, 512)), ['0/00/01', 'F', 512]);
  t.deepEqual(details(await read(drive, 512)), ['8/00/05', '', 512]);
  t.is(await position(drive), 4);
});

test('fixed blocks', async (t) => {
  const drive = await driveWith(t);
  const out = block(5 * 256, 9);
  t.is(await drive.initiator.says('0a 01 000005 00', {out}), '5/24/00', 'no block length');
  t.is(await fixed(drive, 256), 'good');
  t.is(toHex(await drive.initiator.data('1a 00 00 00 0c 00')), '0b0010088000000000000100');
  t.is(await drive.initiator.says('0a 01 000005 00', {out}), 'good');
  t.is(await drive.initiator.says('0a 00 000064 00', {out: block(100, 1)}), 'good', 'a shorter one');
  t.is(await mark(drive), 'good');
  await rewind(drive);
  t.deepEqual(await drive.initiator.data('08 01 000003 00'), Buffer.from(out.subarray(0, 768)));
  const ended = await drive.initiator.send('08 01 000005 00');
  t.deepEqual(details(ended), ['0/00/00', 'I', 3]);
  t.is(ended.transferBytes, 2 * 256 + 100);
  t.deepEqual(details(await drive.initiator.send('08 01 000004 00')), ['0/00/01', 'F', 4]);
  t.deepEqual(details(await drive.initiator.send('08 01 000004 00')), ['8/00/05', '', 4]);
  t.is(await says(drive, '08 03 000001 00'), '5/24/00', 'SILI with fixed blocks');
  t.is(await drive.initiator.says('0a 01 000002 00', {out: block(300, 1)}), '5/0e/03');
});

test('SPACE, and where it stops', async (t) => {
  const drive = await driveWith(t);
  for (let file = 0; file < 3; file++) {
    for (let i = 0; i < 4; i++) await write(drive, block(64, file));
    await mark(drive);
  }
  await rewind(drive);
  t.is((await space(drive, 0, 3)).status, 0);
  t.deepEqual(details(await space(drive, 0, 3)), ['0/00/01', 'F', 2]);
  t.is(await position(drive), 5);
  t.is((await space(drive, 1, 1)).status, 0);
  t.is(await position(drive), 10);
  t.deepEqual(details(await space(drive, 1, 3)), ['8/00/05', '', 2]);
  t.is((await space(drive, 1, -1)).status, 0);
  t.is(await position(drive), 14, 'before the filemark');
  t.deepEqual(details(await space(drive, 0, -6)), ['0/00/01', 'F', 2]);
  t.is(await position(drive), 9);
  t.deepEqual(details(await space(drive, 1, -3)), ['0/00/04', 'E', 2]);
  t.is(await position(drive), 0);
  t.is((await space(drive, 3, 0)).status, 0);
  t.is(await position(drive), 15);
  t.deepEqual(details(await space(drive, 0, 2)), ['8/00/05', '', 2]);
  t.is(await says(drive, '91 00 0000 fffffffffffffffe 0000 00 00'), '0/00/01');
  t.is(await position(drive), 14);
  t.is((await space(drive, 2, 1)).sense, '5/24/00');
});

test('LOCATE, and the forms of READ POSITION', async (t) => {
  const drive = await driveWith(t);
  for (let file = 0; file < 3; file++) {
    await write(drive, block(64, file));
    await mark(drive);
  }
  t.is(await says(drive, '2b 00 00 00000003 00 00 00'), 'good');
  t.deepEqual(details(await read(drive, 64)), ['0/00/01', 'F', 64]);
  t.is(await says(drive, '2b 00 00 00000099 00 00 00'), '8/00/05');
  t.is(await position(drive), 6);
  t.is(await says(drive, '92 08 00 00 0000000000000002 00 00 00 00'), 'good');
  t.deepEqual((await read(drive, 64)).data, Buffer.from(block(64, 2)));
  t.is(await says(drive, '92 18 00 00 0000000000000000 00 00 00 00'), 'good');
  t.is(await position(drive), 6);
  t.is(await says(drive, '92 00 00 00 0000000000000004 00 00 00 00'), 'good');
  const long = Buffer.from(await drive.initiator.data('34 06 0000000000 0000 00'));
  t.deepEqual([long.length, long.readUInt32BE(12), long.readUInt32BE(20)], [32, 4, 2]);
  const extended = Buffer.from(await drive.initiator.data('34 08 0000000000 00ff 00'));
  t.deepEqual([extended.length, extended.readUInt16BE(2), extended.readUInt32BE(12)], [32, 28, 4]);
  t.is((await drive.initiator.data('34 01 0000000000 0000 00')).length, 20, 'as Linux asks');
  await rewind(drive);
  t.is((await drive.initiator.data('34 00 0000000000 0000 00'))[0], 0x80, 'at the beginning');
});

test('what is written ends the tape', async (t) => {
  const drive = await driveWith(t);
  for (let i = 0; i < 5; i++) await write(drive, block(1000, i));
  await says(drive, '2b 00 00 00000002 00 00 00');
  await write(drive, block(10, 7));
  t.is((await read(drive, 10)).sense, '8/00/05');
  await mark(drive);
  t.deepEqual(
    tapRecords(drive.path).map(({length}) => length),
    [1000, 1000, 10, 0],
  );
  await rewind(drive);
  await read(drive, 1000);
  t.is(await says(drive, '19 01 000000 00'), 'good', 'ERASE');
  t.deepEqual(
    tapRecords(drive.path).map(({length}) => length),
    [1000],
  );
});

test('unloading and loading', async (t) => {
  const drive = await driveWith(t);
  await write(drive, block(100, 1));
  await drive.initiator.send('1e 000000 01 00');
  t.is(await says(drive, '1b 00 0000 00 00'), '5/53/02');
  await drive.initiator.send('1e 000000 00 00');
  t.is(await says(drive, '1b 00 0000 00 00'), 'good');
  t.is(tapRecords(drive.path).length, 1);
  for (const cdb of ['00 00000000 00', '08 00 000064 00', '01 00 000000 00', '34 00 0000000000 0000 00']) {
    t.is(await says(drive, cdb), '2/3a/00', cdb);
  }
  t.is(await says(drive, '1b 00 0000 01 00'), 'good');
  t.deepEqual((await read(drive, 100)).data, Buffer.from(block(100, 1)));
  await drive.tape.close();
  t.is(await says(drive, '1b 00 0000 01 00'), '2/3a/00');
  drive.tape.insert(undefined);
  t.is(await says(drive, '00 00000000 00'), '6/28/00');
  t.is(await says(drive, '00 00000000 00'), '3/31/00', 'a tape that cannot be read');
});

test('near the end a writer is warned, and stopped at the end', async (t) => {
  const drive = await driveWith(t, {capacityBytes: (1 << 20) + 10_000});
  t.is(await write(drive, block(9000, 1)), 'good');
  const near = await drive.initiator.send(`0a 00 ${h24(9000)} 00`, {out: block(9000, 2)});
  t.deepEqual(details(near), ['0/00/02', 'E', 0]);
  t.is(near.transferBytes, 9000);
  t.deepEqual(details(await drive.initiator.send('10 00 000001 00')), ['0/00/02', 'E', 0]);
  t.is((await drive.initiator.data('34 00 0000000000 0000 00'))[0], 0x40);
  for (let i = 0; i < 10; i++) await write(drive, block(100_000, i));
  const full = await drive.initiator.send(`0a 00 ${h24(100_000)} 00`, {out: block(100_000, 2)});
  t.deepEqual(details(full), ['d/00/02', 'E', 100_000]);
  t.is(await position(drive), 13);
});

test('a tape that may only be read is write-protected', async (t) => {
  const path = join(temporaryDirectory(t), 'one.tap');
  writeFileSync(path, Buffer.from('040000004142434404000000', 'hex'));
  const cartridge = await openTape(path, {readonly: true, create: false});
  if (cartridge instanceof StorageError) throw cartridge;
  const tape = new TapeUnit({serial: 'T0'});
  tape.insert(cartridge);
  const drive = {tape, path, initiator: await initiatorOf(tape)};
  t.is(toHex((await read(drive, 4)).data), '41424344');
  t.is((await drive.initiator.data('1a 08 0f 00 ff 00'))[2], 0x90);
  t.is(await write(drive, block(4, 1)), '7/27/00');
  t.is(await mark(drive), '7/27/00');
  t.is(await says(drive, '19 00 000000 00'), '7/27/00');
  await tape.close();
});

const broken: readonly (readonly [what: string, hex: string, message: string])[] = [
  ['a word that is cut off', '000000000400', 'the word at byte 4 is cut off'],
  ['a record that is cut off', '0400000041424344', 'the record at byte 0 ends at byte 12, beyond the file'],
  [
    'another length behind the data',
    '040000004142434405000000',
    'the record at byte 0 has another length, or none, at byte 8',
  ],
  ['a reserved word', '00000000123456ff', 'the word at byte 4, 0xff563412, has no meaning'],
  ['a file without padding', '0300000041424303000000', 'the record at byte 0 ends at byte 12, beyond the file'],
];

for (const [what, hex, message] of broken) {
  test(`a broken tape is refused and left as it is: ${what}`, async (t) => {
    const path = join(temporaryDirectory(t), 'broken.tap');
    writeFileSync(path, Buffer.from(hex, 'hex'));
    const refused = await openTape(path);
    t.is(refused instanceof StorageError ? refused.message : 'opened', `${path}: not a SIMH tape: ${message}`);
    t.is(readFileSync(path).toString('hex'), hex);
  });
}

test('gaps and what is private are passed over, bad records are said, the end mark ends', async (t) => {
  const hex = [
    'feffffff', // a gap
    '02000000414202000000',
    'ffffff7f', // a private marker
    '0200001061620200 0010', // private data
    '02000080434402000080', // a bad record
    '00000000',
    'ffffffff',
    '0200000045460200', // behind the end, and broken
  ];
  const drive = await driveWith(t, {bytes: Buffer.from(hex.join('').replaceAll(' ', ''), 'hex')});
  t.is(toHex((await read(drive, 2)).data), '4142');
  t.is((await read(drive, 2)).sense, '3/11/00');
  t.is((await read(drive, 2)).sense, '0/00/01');
  t.is((await read(drive, 2)).sense, '8/00/05');
  t.is(statSync(drive.path).size, 54);
  await write(drive, block(2, 1));
  await mark(drive);
  t.is(statSync(drive.path).size, 42 + 10 + 4, 'what was behind the end is cut off');
});

test('a full disk ends the tape behind the last whole block, and says so', async (t) => {
  const drive = await driveWith(t, {calls: fullBeyond(() => 3 << 20)});
  const answers: string[] = [];
  for (let i = 0; i < 80 && answers.length < 2; i++) {
    const {sense, senseBytes} = await drive.initiator.send(`0a 00 ${h24(65536)} 00`, {out: block(65536, i)});
    if (sense !== '') answers.push(`${toHex(senseBytes.subarray(0, 1))} ${sense}`);
  }
  t.is(answers[0], '71 d/00/02', 'a deferred error');
  const blocks = await position(drive);
  t.true(blocks >= 47 && blocks < 80);
  t.true(tapRecords(drive.path).every(({length}) => length === 65536));
});

test('a stream of blocks through worker threads, as fast as commands come', async (t) => {
  const drive = await driveWith(t, {clock: realClock()});
  const lengths = Array.from({length: 24}, (_, i) => (i % 12 === 11 ? 1_500_001 : 65_536 + i));
  const written = lengths.map((length, i) => write(drive, block(length, i)));
  t.true((await Promise.all(written)).every((says) => says === 'good'));
  t.is(await mark(drive), 'good');
  const records = tapRecords(drive.path);
  t.is(records.length, 25);
  t.true(lengths.every((length, i) => records[i].data.equals(block(length, i))));
  await rewind(drive);
  const seen = await Promise.all(lengths.map((length) => read(drive, length)));
  t.true(seen.every(({status, data}, i) => status === 0 && Buffer.from(block(lengths[i], i)).equals(data)));
  t.is((await read(drive, 512)).sense, '0/00/01');
});

test('what a drive says of itself', async (t) => {
  const {initiator} = await driveWith(t);
  t.is(toHex((await initiator.data('12 00 00 0024 00')).subarray(0, 3)), '018006');
  t.is(toHex(await initiator.data('05 00 000000 00')), '00ffffff0001');
  const densities = Buffer.from(await initiator.data('44 00 0000000000 00ff 00'));
  t.deepEqual([densities.length, densities.readUInt16BE(0), densities[4]], [56, 54, 0x80]);
  t.is((await initiator.data('44 01 0000000000 00ff 00')).length, 56);
  t.deepEqual(
    (await initiator.data('1a 08 3f 00 ff 00')).filter((_, at) => [4, 16, 32, 48, 56].includes(at)),
    Buffer.from([0x8a, 0x8f, 0x90, 0x91, 0x9c]),
  );
  t.is((await initiator.data('4d 00 6e 00 00 0000 0200 00')).length, 4 + 64 * 5);
  t.is((await initiator.data('4d 00 71 00 00 0000 0200 00')).length, 4 + 4 * 8);
});
