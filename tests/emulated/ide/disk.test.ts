import test from 'ava';
import {type Completion, type IoVector, RamImage, type Storage, vectorOf} from '../../../backends/storage/index.ts';
import {IdeRig, pattern, type TaskFile} from '../../support/ide-rig.ts';

const SECTORS = 20_000;
const BYTES = SECTORS * 512;

const imageOf = (bytes: Uint8Array): RamImage => {
  const image = new RamImage(bytes.length);
  image.write(vectorOf(bytes), 0);
  return image;
};

const content = pattern(BYTES);

const rigOf = (storage: Storage = imageOf(content)): IdeRig => new IdeRig([{kind: 'disk', storage, serial: 'SN1'}]);

const word = (bytes: Uint8Array, index: number): number => bytes[index * 2] | (bytes[index * 2 + 1] << 8);
const text = (bytes: Uint8Array, from: number, words: number): string =>
  Array.from({length: words * 2}, (_, at) => String.fromCharCode(bytes[from * 2 + (at ^ 1)])).join('');

const identify = (rig: IdeRig): Uint8Array => {
  rig.command(0xec);
  const bytes = rig.readData(512);
  return bytes;
};

/** Reads by PIO, with the interrupts that came. */
const readPio = async (rig: IdeRig, opcode: number, sectors: number, blockSectors: number, file: TaskFile) => {
  const before = rig.interrupts[0];
  const isExt = opcode === 0x24 || opcode === 0x29;
  if (isExt) rig.commandExt(opcode, {count: sectors, ...file});
  else rig.command(opcode, {count: sectors, ...file});
  const parts: Uint8Array[] = [];
  for (let done = 0; done < sectors; done += blockSectors) {
    await rig.settle();
    if ((rig.status & 0x08) === 0) break;
    parts.push(rig.readData(Math.min(blockSectors, sectors - done) * 512));
  }
  await rig.settle();
  return {bytes: Buffer.concat(parts), interrupts: rig.interrupts[0] - before, status: rig.status};
};

const sectors = (first: number, count: number): Buffer =>
  Buffer.from(content.slice(first * 512, (first + count) * 512));

test('IDENTIFY DEVICE tells names, sizes and modes, with a checksum', (t) => {
  const rig = rigOf();
  rig.command(0xec);
  t.is(rig.altStatus, 0x58);
  const bytes = rig.readData(512);
  t.is(rig.status, 0x50);
  t.is(text(bytes, 10, 10), 'SN1'.padEnd(20));
  t.is(text(bytes, 27, 20), 'PVSIM HARDDISK'.padEnd(40));
  t.is(word(bytes, 60) | (word(bytes, 61) << 16), SECTORS);
  t.is(word(bytes, 100) | (word(bytes, 101) << 16), SECTORS);
  t.is(word(bytes, 1) * word(bytes, 3) * word(bytes, 6), 19 * 16 * 63);
  t.is(word(bytes, 59), 0x0110);
  t.is(word(bytes, 86), 0x3400, 'bits 14 and 15 say nothing here');
  t.is(word(bytes, 88), 0x203f);
  t.is(word(bytes, 169), 1);
  t.is(
    bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0),
    0,
  );
});

test('an interrupt announces each sector of READ SECTOR(S), and none follows the last', async (t) => {
  const rig = rigOf();
  const {bytes, interrupts, status} = await readPio(rig, 0x20, 3, 1, {lba: 1000});
  t.deepEqual([interrupts, status], [3, 0x50]);
  t.deepEqual(bytes, sectors(1000, 3));
});

test('READ MULTIPLE moves blocks of as many sectors as were set', async (t) => {
  const rig = rigOf();
  rig.command(0xc6, {count: 8});
  t.is(rig.status, 0x50);
  await rig.settle();
  const {bytes, interrupts} = await readPio(rig, 0xc4, 20, 8, {lba: 77});
  t.is(interrupts, 3);
  t.deepEqual(bytes, sectors(77, 20));
  rig.command(0xc6, {count: 3});
  t.deepEqual([rig.status, rig.error], [0x51, 0x04]);
  rig.command(0xc4, {count: 1});
  t.is(rig.status, 0x51, 'a number that is not taken turns it off');
});

test('48-bit commands have addresses and counts of two bytes each', async (t) => {
  const rig = rigOf();
  const {bytes, interrupts} = await readPio(rig, 0x29, 300, 16, {lba: 19_000});
  t.is(interrupts, 19);
  t.deepEqual(bytes, sectors(19_000, 300));
});

test('a count of 0 means 256', async (t) => {
  const rig = rigOf();
  rig.command(0xc4, {count: 0, lba: 100});
  const parts: Uint8Array[] = [];
  while ((rig.status & 0x08) !== 0) parts.push(rig.readData(16 * 512));
  t.deepEqual(Buffer.concat(parts), sectors(100, 256));
});

test('CHS addresses follow the geometry, which can be set', async (t) => {
  const rig = rigOf();
  const chs = (cylinder: number, head: number, sector: number) => ({device: head, lba: (cylinder << 8) | sector});
  t.deepEqual((await readPio(rig, 0x20, 1, 1, chs(2, 3, 4))).bytes, sectors((2 * 16 + 3) * 63 + 3, 1));
  rig.command(0x91, {count: 32, device: 0x07});
  t.is(rig.status, 0x50);
  t.deepEqual((await readPio(rig, 0x20, 2, 1, chs(2, 3, 32))).bytes, sectors((2 * 8 + 3) * 32 + 31, 2));
  t.deepEqual(
    [54, 55, 56].map((index) => word(identify(rig), index)),
    [78, 8, 32],
  );
  rig.command(0x20, {count: 1, ...chs(0, 0, 0)});
  t.deepEqual([rig.status, rig.error], [0x51, 0x10], 'sectors begin at 1');
});

test('wide accesses and REP INS move the same bytes', (t) => {
  const rig = rigOf();
  rig.command(0x20, {count: 2, lba: 5});
  for (let at = 0; at < 512; at += 4) {
    t.is(rig.io.readPort(rig.port, 4), Buffer.from(sectors(5, 1)).readUInt32LE(at));
  }
  rig.io.readPortString(rig.port, 2, 0x10000, 256);
  t.deepEqual(Buffer.from(rig.memory(0x10000, 512)), sectors(6, 1));
});

test('WRITE SECTOR(S) asks for the first block without an interrupt', async (t) => {
  const image = imageOf(content);
  const rig = rigOf(image);
  const data = pattern(1024, 99);
  rig.command(0x30, {count: 2, lba: 50});
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.status], [0, 0x58]);
  rig.writeData(data.subarray(0, 512));
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.status], [1, 0x58]);
  rig.guest.memory.u8.set(data.subarray(512), 0x20000);
  rig.io.writePortString(rig.port, 2, 0x20000, 256);
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.status], [2, 0x50]);
  t.deepEqual(image.contents.slice(50 * 512, 52 * 512), data);
});

test('WRITE MULTIPLE EXT takes blocks', async (t) => {
  const image = imageOf(content);
  const rig = rigOf(image);
  const data = pattern(20 * 512, 3);
  rig.commandExt(0x39, {count: 20, lba: 10_000});
  rig.writeData(data.subarray(0, 16 * 512));
  rig.writeData(data.subarray(16 * 512));
  await rig.settle();
  t.is(rig.status, 0x50);
  t.deepEqual(image.contents.slice(10_000 * 512, 10_020 * 512), data);
});

test('commands beyond the end fail with IDNF and say where', (t) => {
  const rig = rigOf();
  rig.command(0x20, {count: 2, lba: SECTORS - 1});
  t.deepEqual([rig.status, rig.error, rig.read(3)], [0x51, 0x10, (SECTORS - 1) & 0xff]);
  rig.commandExt(0x34, {count: 1, lba: 2 ** 40});
  t.deepEqual([rig.status, rig.error], [0x51, 0x10]);
  rig.commandExt(0x42, {count: 0, lba: 0});
  t.is(rig.error, 0x10, '65536 sectors are more than there are');
});

test('READ VERIFY reads, and SEEK checks, without data', async (t) => {
  const rig = rigOf();
  rig.command(0x40, {count: 200, lba: 100});
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.status], [1, 0x50]);
  rig.commandExt(0x42, {count: 2000, lba: 100});
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.status], [2, 0x50]);
  rig.command(0x70, {count: 1, lba: SECTORS});
  t.is(rig.status, 0x51);
});

/** An image of which some operations fail. */
class BadImage extends RamImage {
  readonly failing = new Set<string>();

  override read(vector: IoVector, position: number): number {
    return this.failing.has('read') && position >= 512 * 10 ? -5 : super.read(vector, position);
  }

  override write(vector: IoVector, position: number): number {
    return this.failing.has('write') ? -5 : super.write(vector, position);
  }

  override flush(_completion?: Completion): number {
    return this.failing.has('flush') ? -5 : super.flush();
  }
}

test('errors of the image are errors of the medium', async (t) => {
  const image = new BadImage(BYTES);
  const rig = rigOf(image);
  image.failing.add('read').add('write').add('flush');
  const {bytes, status} = await readPio(rig, 0x20, 4, 1, {lba: 8});
  t.deepEqual([bytes.length, status, rig.error, rig.read(3)], [1024, 0x51, 0x40, 10]);
  rig.command(0x30, {count: 1, lba: 3});
  rig.writeData(new Uint8Array(512));
  t.deepEqual([rig.status, rig.error], [0x51, 0x04]);
  rig.command(0xe7);
  t.is(rig.status, 0x51);
});

test('a write-protected disk refuses all that writes', (t) => {
  const rig = rigOf(new RamImage(BYTES, true));
  for (const opcode of [0x30, 0xc5, 0xca, 0x34, 0x39, 0x35, 0x3d, 0xce]) {
    rig.command(opcode, {count: 1});
    t.deepEqual([rig.status, rig.error], [0x51, 0x44], `command ${opcode.toString(16)}`);
  }
  rig.commandExt(0x06, {features: 1, count: 1});
  t.is(rig.error, 0x44);
});

test('without the write cache a write is on the medium before it ends', async (t) => {
  const image = new BadImage(BYTES);
  const rig = rigOf(image);
  rig.command(0xef, {features: 0x82});
  t.is(word(identify(rig), 85) & 0x20, 0);
  image.failing.add('flush');
  rig.command(0x30, {count: 1});
  rig.writeData(new Uint8Array(512));
  t.is(rig.status, 0x51);
  rig.command(0xef, {features: 0x02});
  rig.command(0x30, {count: 1});
  rig.writeData(new Uint8Array(512));
  t.is(rig.status, 0x50);
  await rig.settle();
});

test('SET FEATURES chooses a transfer mode that there is', (t) => {
  const rig = rigOf();
  rig.command(0xef, {features: 0x03, count: 0x22});
  t.is(rig.status, 0x50);
  t.deepEqual(
    [63, 88].map((index) => word(identify(rig), index)),
    [0x0407, 0x003f],
  );
  for (const count of [0x23, 0x46, 0x80, 0x0d]) {
    rig.command(0xef, {features: 0x03, count});
    t.is(rig.status, 0x51, `mode ${count}`);
  }
  rig.command(0xef, {features: 0x99});
  t.is(rig.status, 0x51);
});

test('power modes are told by CHECK POWER MODE, and a read wakes the disk', (t) => {
  const rig = rigOf();
  const check = (): number => {
    rig.command(0xe5);
    return rig.read(2);
  };
  t.is(check(), 0xff);
  rig.command(0xe0);
  t.is(check(), 0x00);
  rig.command(0x40, {count: 1});
  t.is(check(), 0xff);
});

test('READ NATIVE MAX ADDRESS tells the last sector', (t) => {
  const rig = rigOf();
  const address = () => rig.read(3) | (rig.read(4) << 8) | (rig.read(5) << 16);
  rig.command(0xf8);
  t.is(address(), SECTORS - 1);
  rig.commandExt(0x27);
  t.is(address(), SECTORS - 1);
});

test('SMART says that all is well, while it is on and asked properly', (t) => {
  const rig = rigOf();
  const smart = (features: number, lba = 0xc24f00) => rig.command(0xb0, {features, lba});
  smart(0xda);
  t.deepEqual([rig.status, rig.read(4), rig.read(5)], [0x50, 0x4f, 0xc2]);
  smart(0xd0);
  t.is(
    rig.readData(512).reduce((sum, byte) => (sum + byte) & 0xff, 0),
    0,
  );
  smart(0xda, 0);
  t.is(rig.status, 0x51);
  smart(0xd9);
  smart(0xd0);
  t.is(rig.status, 0x51);
  smart(0xd8);
  t.is(rig.status, 0x50);
});
