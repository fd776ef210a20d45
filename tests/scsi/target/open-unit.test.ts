import {mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {type OpenedUnit, UnitMaker, type UnitSettings} from '../../../backends/scsi/target/index.ts';
import {ImageLocks, openStorage, StorageError} from '../../../backends/storage/index.ts';
import {initiatorOf} from '../../support/scsi.ts';
import {temporaryDirectory} from '../../support/temporary.ts';

const makerFor = (): UnitMaker => {
  const locks = new ImageLocks();
  return new UnitMaker({
    openImage: (target, options) => openStorage(target, {...options, locks}),
    locks,
    report: () => {},
  });
};

const open = async (
  t: ExecutionContext,
  maker: UnitMaker,
  description: string,
  settings?: UnitSettings,
): Promise<OpenedUnit> => {
  const unit = await maker.open(description, settings);
  if (unit instanceof StorageError) throw unit;
  t.teardown(() => unit.close().catch(() => undefined));
  return unit;
};

const refusal = async (description: string, settings?: UnitSettings): Promise<string> => {
  const unit = await makerFor().open(description, settings);
  return unit instanceof StorageError ? unit.message : 'opened';
};

const libraryIn = (t: ExecutionContext): string => {
  const directory = join(temporaryDirectory(t), 'tapes');
  mkdirSync(directory);
  for (const label of ['A', 'B']) writeFileSync(join(directory, `${label}.tap`), '');
  return directory;
};

test('every kind of unit is made from its description', async (t) => {
  const maker = makerFor();
  const directory = libraryIn(t);
  const file = join(temporaryDirectory(t), 'new.tap');
  for (const [description, settings, type] of [
    ['disk:ram:1m', {bs: '4096'}, 0x00],
    ['cdrom:ram:1m', {}, 0x05],
    ['cdrom:', {}, 0x05],
    [`tape:${file}`, {capacityMib: '100'}, 0x01],
    [`tape:${directory}`, {drive: '1'}, 0x01],
    [`changer:${directory}`, {slots: '9'}, 0x08],
  ] as const) {
    const {unit} = await open(t, maker, description, settings);
    const initiator = await initiatorOf(unit);
    t.is((await initiator.data('12 00 00 00ff 00'))[0], type, description);
  }
  t.deepEqual(readdirSync(join(file, '..')), ['new.tap']);
});

test('what cannot be a unit is refused in a line', async (t) => {
  const no = 'devices of this machine cannot be passed through, as Node.js has no ioctl(2)';
  for (const device of ['8:0:2:1', 'naa.60014054ac780582:0', '/dev/sg3'])
    t.is(await refusal(device), `${device}: ${no}`);
  t.is(await refusal('floppy:/a'), 'floppy:/a: no SCSI target (disk:, cdrom:, tape: and changer: are)');
  t.is(await refusal('disk:ram:1m', {bs: '1024'}), 'disk:ram:1m: bs cannot be "1024"');
  t.is(await refusal('disk:ram:1m', {cache: '1'}), 'disk:ram:1m: "cache" is no setting (bs, ro, removable are)');
  t.is(await refusal('disk:/nowhere/x'), '/nowhere/x: No such file or directory');
  t.is(await refusal('changer:/nowhere'), '/nowhere: No such file or directory');
  const directory = libraryIn(t);
  t.is(
    await refusal(`changer:${directory}`, {slots: '1'}),
    `${directory}: too many slots, ports, drives or cartridges`,
  );
  t.is(await refusal(`tape:${directory}`, {drive: '5'}), `tape:${directory}: the changer has 2 drives`);
});

test('a directory is one library, for as long as somebody uses it', async (t) => {
  const maker = makerFor();
  const directory = libraryIn(t);
  const changer = await open(t, maker, `changer:${directory}`);
  const drive = await open(t, maker, `tape:${directory}`);
  const robot = await initiatorOf(changer.unit);
  t.is(await robot.says('a5 00 0000 0400 0100 0000 00 00'), 'good');
  await changer.close();
  const tape = await initiatorOf(drive.unit);
  t.is(await tape.says('0a 00 000004 00', {out: Buffer.from('tape')}), 'good');
  const again = await open(t, maker, `changer:${directory}`);
  t.is(again.unit, changer.unit);
  await again.close();
  await drive.close();
  const anew = await open(t, maker, `tape:${directory}`);
  t.not(anew.unit, drive.unit);
});

test('a disk has one writer', async (t) => {
  const maker = makerFor();
  const file = join(temporaryDirectory(t), 'disk.img');
  writeFileSync(file, Buffer.alloc(1 << 20));
  await open(t, maker, `disk:${file}`);
  const second = await maker.open(`disk:${file}`);
  t.is(second instanceof StorageError ? second.code : 'opened', 'busy');
});
