import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {Cartridge, ChangerUnit, TapeUnit, UnitTarget, type Volume} from '../../../backends/scsi/target/index.ts';
import {ImageLocks} from '../../../backends/storage/index.ts';
import {Initiator, toHex} from '../../support/scsi.ts';
import {temporaryDirectory} from '../../support/temporary.ts';

const [DRIVE, PORT, SLOT] = [0x100, 0x300, 0x400];

interface Library {
  changer: ChangerUnit;
  initiator: Initiator;
  reports: string[];
}

/** Three cartridges in five slots, two drives at LUN 1 and 2, a port. The third cartridge is broken. */
const library = async (t: ExecutionContext): Promise<Library> => {
  const directory = temporaryDirectory(t);
  const volumes = ['AAA001', 'BBB002', 'CCC003'].map((label): Volume => ({
    label,
    path: join(directory, `${label}.tap`),
  }));
  for (const {path} of volumes) writeFileSync(path, '');
  writeFileSync(volumes[2].path, 'broken');
  const drives = ['D1', 'D22'].map((serial) => new TapeUnit({serial}));
  const reports: string[] = [];
  const locks = new ImageLocks();
  const changer = new ChangerUnit({
    serial: 'CH',
    volumes,
    slots: 5,
    ports: 1,
    drives,
    open: ({path}) => Cartridge.open(path, {readonly: false, locks}),
    report: (message) => reports.push(message),
  });
  const target = new UnitTarget();
  [changer, ...drives].forEach((unit, lun) => target.attach(lun, unit));
  t.teardown(() => Promise.all(drives.map((drive) => drive.close())));
  const initiator = new Initiator(target);
  for (const lun of [0, 1, 2]) while ((await initiator.says('00 00000000 00', {lun})).startsWith('6/'));
  return {changer, initiator, reports};
};

const h16 = (value: number): string => value.toString(16).padStart(4, '0');

const move = ({initiator}: Library, from: number, to: number, picker = 0): Promise<string> =>
  initiator.says(`a5 00 ${h16(picker)} ${h16(from)} ${h16(to)} 0000 00 00`);
const exchange = ({initiator}: Library, source: number, first: number, second: number): Promise<string> =>
  initiator.says(`a6 00 0000 ${h16(source)} ${h16(first)} ${h16(second)} 00 00`);

/** Every cartridge and where it is, as READ ELEMENT STATUS tells it: `address label (source)`. */
const inventory = async ({initiator}: Library): Promise<string[]> => {
  const bytes = Buffer.from(await initiator.data('b8 10 0000 ffff 00 00ffff 00 00'));
  const found: string[] = [];
  for (let page = 8; page < bytes.length;) {
    const [length, all] = [bytes.readUInt16BE(page + 2), bytes.readUIntBE(page + 5, 3)];
    for (let at = page + 8; at < page + 8 + all; at += length) {
      if ((bytes[at + 2] & 1) === 0) continue;
      const label = bytes.toString('latin1', at + 12, at + 44).trim();
      const source = (bytes[at + 9] & 0x80) === 0 ? '' : ` from ${bytes.readUInt16BE(at + 10).toString(16)}`;
      found.push(`${bytes.readUInt16BE(at).toString(16)} ${label}${source}`);
    }
    page += 8 + all;
  }
  return found;
};

test('the inventory', async (t) => {
  const tapes = await library(t);
  t.deepEqual(await inventory(tapes), ['400 AAA001', '401 BBB002', '402 CCC003']);
  const {initiator} = tapes;
  const header = Buffer.from(await initiator.data('b8 00 0000 ffff 00 000008 00 00'));
  t.deepEqual([header.readUInt16BE(0), header.readUInt16BE(2), header.readUIntBE(5, 3)], [0, 9, 4 * 8 + 9 * 16]);
  const drives = Buffer.from(await initiator.data('b8 04 0000 ffff 01 00ffff 00 00'));
  t.is(drives.readUInt16BE(10), 12 + 4 + 3);
  t.is(drives.toString('latin1', 16 + 12 + 4, 16 + 19), 'D1\0');
  t.is(toHex(drives.subarray(16 + 19 + 12)), `02000003${toHex(Buffer.from('D22'))}`);
  t.is(Buffer.from(await initiator.data('b8 02 0402 0002 00 00ffff 00 00')).readUInt16BE(2), 2);
  t.is(await initiator.says('b8 05 0000 ffff 00 00ffff 00 00'), '5/24/00');
  t.is(await initiator.says('b8 02 0500 ffff 00 00ffff 00 00'), '5/21/01');
  t.is(await initiator.says('07 00000000 00'), 'good');
});

test('the LUN in byte 1, as Linux sends it, means nothing', async (t) => {
  const {initiator} = await library(t);
  t.is(await initiator.says('b8 34 0000 ffff 01 00ffff 00 00'), 'good');
  t.is(await initiator.says('1a 20 1d 00 ff 00'), 'good');
});

test('a cartridge that is moved into a drive is there', async (t) => {
  const tapes = await library(t);
  const {initiator} = tapes;
  t.is(await initiator.says('00 00000000 00', {lun: 1}), '2/3a/00');
  t.is(await move(tapes, SLOT, DRIVE), 'good');
  t.deepEqual(await inventory(tapes), ['100 AAA001 from 400', '401 BBB002', '402 CCC003']);
  t.is(await initiator.says('00 00000000 00', {lun: 1}), '6/28/00');
  t.is(await initiator.says('0a 00 000004 00', {lun: 1, out: Buffer.from('tape')}), 'good');
  t.is(await move(tapes, DRIVE, SLOT + 4), 'good', 'what was written goes with it');
  t.is(await initiator.says('00 00000000 00', {lun: 1}), '2/3a/00');
  t.is(await move(tapes, SLOT + 4, DRIVE + 1, 0), 'good');
  t.is(await initiator.says('00 00000000 00', {lun: 2}), '6/28/00');
  t.is(Buffer.from(await initiator.data('08 00 000004 00', {lun: 2})).toString(), 'tape');
});

test('what cannot be moved', async (t) => {
  const tapes = await library(t);
  t.is(await move(tapes, SLOT, SLOT + 1), '5/3b/0d');
  t.is(await move(tapes, SLOT + 3, SLOT + 4), '5/3b/0e');
  t.is(await move(tapes, 0x999, SLOT + 4), '5/21/01');
  t.is(await move(tapes, SLOT, 0), '5/21/01', 'the picker');
  t.is(await move(tapes, SLOT, SLOT + 3, 7), '5/21/01', 'another picker');
  t.is(await tapes.initiator.says('a5 00 0000 0400 0403 0000 01 00'), '5/24/00', 'INVERT');
  t.is(await move(tapes, SLOT, DRIVE), 'good');
  await tapes.initiator.send('00 00000000 00', {lun: 1});
  await tapes.initiator.send('1e 000000 01 00', {lun: 1});
  t.is(await move(tapes, DRIVE, SLOT), '5/53/02');
  t.is(await tapes.initiator.says('2b 00 0000 0400 0000 00 00'), 'good');
  t.is(await tapes.initiator.says('2b 00 0000 0999 0000 00 00'), '5/21/01');
});

test('EXCHANGE MEDIUM', async (t) => {
  const tapes = await library(t);
  await move(tapes, SLOT, DRIVE);
  t.is(await exchange(tapes, SLOT + 1, DRIVE, SLOT + 1), 'good', 'they change places');
  t.deepEqual(await inventory(tapes), ['100 BBB002 from 401', '401 AAA001 from 400', '402 CCC003']);
  t.is(await exchange(tapes, SLOT + 1, DRIVE, SLOT + 3), 'good');
  t.deepEqual(await inventory(tapes), ['100 AAA001 from 401', '402 CCC003', '403 BBB002 from 401']);
  t.is(await exchange(tapes, SLOT + 3, DRIVE, SLOT + 2), '5/3b/0d');
  t.is(await exchange(tapes, SLOT + 4, DRIVE, SLOT), '5/3b/0e');
});

test('a broken cartridge is reported, and taken out again', async (t) => {
  const tapes = await library(t);
  t.is(await move(tapes, SLOT + 2, DRIVE), 'good');
  t.regex(tapes.reports.join(), /CCC003\.tap: not a SIMH tape: .* at byte 0/);
  t.is(await tapes.initiator.says('00 00000000 00', {lun: 1}), '6/28/00');
  t.is(await tapes.initiator.says('00 00000000 00', {lun: 1}), '3/31/00');
  t.is(await move(tapes, DRIVE, SLOT + 2), 'good');
  t.is(await tapes.initiator.says('00 00000000 00', {lun: 1}), '2/3a/00');
});

test('cartridges come and go through the port', async (t) => {
  const tapes = await library(t);
  t.is(tapes.changer.importVolume({label: 'NEW', path: 'new.tap'}), PORT);
  t.is(tapes.changer.importVolume({label: 'NEW2', path: 'new2.tap'}), undefined);
  t.is(await tapes.initiator.says('00 00000000 00'), '6/28/01');
  t.is(await move(tapes, PORT, SLOT + 3), 'good');
  t.is(await move(tapes, SLOT, PORT), 'good');
  await tapes.initiator.send('1e 000000 01 00');
  t.is(tapes.changer.exportVolume(PORT), undefined);
  await tapes.initiator.send('1e 000000 00 00');
  t.is(tapes.changer.exportVolume(PORT)?.label, 'AAA001');
  t.is(tapes.changer.exportVolume(SLOT + 1), undefined);
  t.is(await tapes.initiator.says('00 00000000 00'), '6/28/01');
  t.deepEqual(await inventory(tapes), ['401 BBB002', '402 CCC003', '403 NEW']);
});

test('mode pages tell where the elements are', async (t) => {
  const {initiator} = await library(t);
  const page = async (code: string): Promise<string> =>
    toHex((await initiator.data(`1a 08 ${code} 00 ff 00`)).subarray(4));
  t.is(await page('1d'), '9d12 00000001 04000005 03000001 01000002 0000'.replaceAll(' ', ''));
  t.is(await page('1e'), '9e020000');
  t.is(await page('1f'), '9f12 0e00 000e0e0e 00000000 000e0e0e 00000000'.replaceAll(' ', ''));
  t.is((await initiator.data('12 00 00 0024 00'))[0], 0x08);
});

test('more than a changer has room for is refused', (t) => {
  const options = {
    serial: 'X',
    volumes: [],
    ports: 0,
    drives: [],
    open: () => Promise.reject(new Error()),
    report: () => {},
  };
  t.throws(() => new ChangerUnit({...options, slots: 4097}), {instanceOf: RangeError});
  t.throws(() => new ChangerUnit({...options, slots: 0, volumes: [{label: 'a', path: 'a'}]}), {instanceOf: RangeError});
});
