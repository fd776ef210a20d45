import test from 'ava';
import {CdromUnit} from '../../../backends/scsi/target/index.ts';
import {RamImage} from '../../../backends/storage/index.ts';
import {type Initiator, initiatorOf, toHex} from '../../support/scsi.ts';

const BLOCKS = 500;

const disc = (blocks = BLOCKS): RamImage => {
  const image = new RamImage(blocks * 2048, true);
  image.contents.fill(0x5a, 16 * 2048, 17 * 2048);
  return image;
};

const drive = async (blocks = BLOCKS): Promise<{cdrom: CdromUnit; initiator: Initiator}> => {
  const cdrom = new CdromUnit({serial: 'CD'});
  await cdrom.change(disc(blocks));
  return {cdrom, initiator: await initiatorOf(cdrom)};
};

test('a disc is read', async (t) => {
  const {initiator} = await drive();
  t.is((await initiator.data('12 00 00 0024 00'))[0], 0x05);
  t.is(toHex(await initiator.data('25 00 00000000 0000 00 00')), '000001f300000800');
  t.deepEqual(await initiator.data('28 00 00000010 00 0001 00'), Buffer.alloc(2048, 0x5a));
  t.deepEqual(await initiator.data('a8 00 00000010 00000001 00 00'), Buffer.alloc(2048, 0x5a));
  t.is(await initiator.says('28 00 000001f4 00 0001 00'), '5/21/00');
  t.is(await initiator.says('2a 00 00000000 00 0001 00', {out: new Uint8Array(2048)}), '5/20/00');
});

test('READ TOC', async (t) => {
  const {initiator} = await drive();
  const toc = async (cdb: string): Promise<string> => toHex(await initiator.data(cdb));
  t.is(await toc('43 00 00 000000 00 00ff 00'), '0012010100140100000000000014aa00000001f4');
  t.is(await toc('43 02 00 000000 01 00ff 00'), '0012010100140100000002000014aa0000000832');
  t.is(await toc('43 00 00 000000 aa 00ff 00'), '000a01010014aa00000001f4');
  t.is(await toc('43 00 01 000000 00 00ff 00'), '000a01010014010000000000');
  t.is((await toc('43 00 02 000000 00 00ff 00')).length, 2 * (4 + 44));
  t.is((await toc('43 00 00 000000 00 0004 00')).length, 8);
  t.is(await initiator.says('43 00 00 000000 02 00ff 00'), '5/24/00');
  t.is(await initiator.says('43 00 05 000000 00 00ff 00'), '5/24/00');
});

test('GET CONFIGURATION follows the medium', async (t) => {
  const {cdrom, initiator} = await drive();
  const profile = async (): Promise<number> =>
    Buffer.from(await initiator.data('46 00 0000 000000 00ff 00')).readUInt16BE(6);
  t.is(await profile(), 0x08);
  const all = Buffer.from(await initiator.data('46 00 0000 000000 00ff 00'));
  t.is(all.readUInt32BE(0), all.length - 4);
  t.is(toHex(await initiator.data('46 02 0010 000000 00ff 00')), '0000001000000008001001080000080000010000');
  t.is((await initiator.data('46 01 001f 000000 00ff 00')).length, 8, 'no DVD is in');
  t.is(await initiator.says('46 03 0000 000000 00ff 00'), '5/24/00');
  await cdrom.change(disc(400_000));
  t.is(await profile(), 0x10, 'without a word of the unit attention');
  t.is(await initiator.says('00 00000000 00'), '6/28/00');
  await cdrom.change(undefined);
  t.is(await profile(), 0);
});

test('the medium changes', async (t) => {
  const {cdrom, initiator} = await drive();
  const event = async (): Promise<string> => toHex(await initiator.data('4a 01 0000 10 0000 0008 00'));
  t.is(await event(), '0006041002020000');
  t.is(await event(), '0006041000020000');
  t.is(toHex(await initiator.data('4a 01 0000 02 0000 0008 00')), '00028010');
  t.is(await initiator.says('4a 00 0000 10 0000 0008 00'), '5/24/00');
  t.is(await initiator.says('1b 00 00 00 02 00'), 'good');
  t.is(await initiator.says('00 00000000 00'), '2/3a/02');
  t.is(await event(), '0006041003010000');
  t.is(toHex(await initiator.data('bd 00 000000000000 0008 00 00')), '0010000000000000');
  await cdrom.change(disc());
  t.is(await initiator.says('28 00 00000000 00 0001 00'), '6/28/00');
  t.is(await initiator.says('28 00 00000000 00 0001 00'), 'good');
  await cdrom.change(undefined);
  for (const cdb of [
    '28 00 00000000 00 0001 00',
    '25 00 00000000 0000 00 00',
    '43 00 00 000000 00 00ff 00',
    '51 00 0000000000 00ff 00',
    '52 01 00000001 00 00ff 00',
  ]) {
    t.is(await initiator.says(cdb), '2/3a/01', cdb);
  }
});

test('a disc that is ejected is loaded again, unless somebody prevents it', async (t) => {
  const {initiator} = await drive();
  await initiator.send('1e 000000 01 00');
  t.is(await initiator.says('1b 00 00 00 02 00'), '5/53/02');
  await initiator.send('1e 000000 00 00');
  t.is(await initiator.says('1b 00 00 00 02 00'), 'good');
  t.is(await initiator.says('1b 00 00 00 03 00'), 'good');
  t.is(await initiator.says('28 00 00000000 00 0001 00'), 'good');
});

test('what the disc is', async (t) => {
  const {initiator} = await drive();
  const information = await initiator.data('51 00 0000000000 00ff 00');
  t.is(toHex(information.subarray(0, 8)), '00200e0101010120');
  t.is(await initiator.says('51 01 0000000000 00ff 00'), '5/24/00');
  const track = Buffer.from(await initiator.data('52 01 00000001 00 00ff 00'));
  t.deepEqual([track.length, track.readUInt32BE(24)], [36, BLOCKS]);
  t.is(await initiator.says('52 01 00000002 00 00ff 00'), '5/24/00');
  t.is(await initiator.says('52 00 000001f4 00 00ff 00'), '5/21/00');
  t.is(toHex((await initiator.data('1a 00 2a 00 ff 00')).subarray(0, 8)), '17000000aa120b00');
});
