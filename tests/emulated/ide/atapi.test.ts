import test from 'ava';
import {RamImage, vectorOf} from '../../../backends/storage/index.ts';
import {IdeRig, pattern} from '../../support/ide-rig.ts';

const BYTES = 4 << 20;
const content = pattern(BYTES);
const PRDS = 0x8000;
const BUFFER = 0x100000;

const disc = (): RamImage => {
  const ram = new RamImage(BYTES, true);
  ram.contents.set(content);
  return ram;
};

const rigOf = (storage: RamImage | undefined = disc()): IdeRig => new IdeRig([{kind: 'cdrom', storage, serial: 'CD1'}]);

const blocks = (first: number, count: number): Buffer =>
  Buffer.from(content.slice(first * 2048, (first + count) * 2048));

const packetOf = (hex: string): Uint8Array => {
  const packet = new Uint8Array(12);
  packet.set(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  return packet;
};

const TEST_UNIT_READY = packetOf('00');
const READ_CAPACITY = packetOf('25');
const requestSense = packetOf('03 00 00 00 12');
const read10 = (lba: number, count: number): Uint8Array => {
  const packet = packetOf('28');
  new DataView(packet.buffer).setUint32(2, lba);
  new DataView(packet.buffer).setUint16(7, count);
  return packet;
};

interface Answer {
  /** Bytes of each burst. */
  bursts: number[];
  bytes: Buffer;
  status: number;
  error: number;
  interrupts: number;
}

/** Sends a packet by PIO and reads what comes, `limit` bytes a burst. */
const send = async (rig: IdeRig, packet: Uint8Array, limit = 0xfffe): Promise<Answer> => {
  const before = rig.interrupts[0];
  rig.command(0xa0, {lba: limit << 8});
  rig.writeData(packet);
  const parts: Uint8Array[] = [];
  for (;;) {
    await rig.settle();
    const {status} = rig;
    if ((status & 0x08) === 0) break;
    const length = rig.read(4) | (rig.read(5) << 8);
    parts.push(rig.readData(length + (length & 1)).subarray(0, length));
  }
  const interrupts = rig.interrupts[0] - before;
  const {altStatus: status, error} = rig;
  return {bursts: parts.map((part) => part.length), bytes: Buffer.concat(parts), status, error, interrupts};
};

/** The first command of an initiator is told of the power on. */
const readyRig = async (storage?: RamImage): Promise<IdeRig> => {
  const rig = rigOf(storage);
  await send(rig, TEST_UNIT_READY);
  return rig;
};

test('IDENTIFY PACKET DEVICE tells a CD drive, IDENTIFY DEVICE and READ SECTOR(S) fail with its signature', (t) => {
  const rig = rigOf();
  for (const opcode of [0xec, 0x20]) {
    rig.command(opcode);
    t.deepEqual([rig.status, rig.error, rig.read(4), rig.read(5)], [0x51, 0x04, 0x14, 0xeb]);
  }
  rig.command(0xa1);
  const bytes = rig.readData(512);
  t.is(bytes[0] | (bytes[1] << 8), 0x85c0);
  t.is(
    bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0),
    0,
  );
  t.is(rig.status, 0x50);
});

test('PACKET asks for the packet without an interrupt', async (t) => {
  const rig = rigOf();
  rig.command(0xa0);
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.status, rig.read(2)], [0, 0x58, 0x01]);
});

test('a failed packet tells its sense key, and REQUEST SENSE the rest, once', async (t) => {
  const rig = rigOf();
  const failed = await send(rig, TEST_UNIT_READY);
  t.deepEqual([failed.status, failed.error, rig.read(2) & 7, failed.interrupts], [0x51, 0x60, 3, 1]);
  const {bytes, status} = await send(rig, requestSense);
  t.is(status, 0x50);
  t.deepEqual([bytes.length, bytes[2], bytes[12], bytes[13]], [18, 0x06, 0x29, 0x00]);
  t.is((await send(rig, requestSense)).bytes[2], 0);
  t.is((await send(rig, TEST_UNIT_READY)).status, 0x50);
});

test('data come in bursts of at most the byte count, each by an interrupt, and one for the end', async (t) => {
  const rig = await readyRig();
  const capacity = await send(rig, READ_CAPACITY);
  t.deepEqual([capacity.bytes.readUInt32BE(0), capacity.bytes.readUInt32BE(4)], [2047, 2048]);
  const {bytes, bursts, interrupts, status} = await send(rig, read10(100, 3), 2048);
  t.deepEqual([bursts, interrupts, status], [[2048, 2048, 2048], 4, 0x50]);
  t.deepEqual(bytes, blocks(100, 3));
  const odd = await send(rig, read10(7, 1), 999);
  t.deepEqual(odd.bursts, [998, 998, 52]);
  t.deepEqual(odd.bytes, blocks(7, 1));
});

test('a long read goes on chunk by chunk', async (t) => {
  const rig = await readyRig();
  const {bytes, status} = await send(rig, read10(3, 200));
  t.is(status, 0x50);
  t.deepEqual(bytes, blocks(3, 200));
});

test('an odd number of bytes fills its last word', async (t) => {
  const rig = await readyRig();
  const {bytes, bursts} = await send(rig, packetOf('12 00 00 00 05'));
  t.deepEqual(bursts, [5]);
  t.is(bytes[0], 0x05);
});

test('a packet may move its data by DMA', async (t) => {
  const rig = await readyRig();
  const before = rig.interrupts[0];
  rig.writePrds(PRDS, [
    {address: BUFFER, bytes: 0x10000},
    {address: BUFFER + 0x10000, bytes: 0x10000},
    {address: BUFFER + 0x20000, bytes: 0x5000},
  ]);
  rig.command(0xa0, {features: 1});
  rig.writeData(read10(50, 74));
  t.is(rig.altStatus & 0x80, 0x80);
  rig.startBusMaster(true);
  await rig.settle();
  t.is(rig.busMasterStatus, 0x04);
  t.deepEqual([rig.interrupts[0] - before, rig.status, rig.read(2) & 7], [1, 0x50, 3]);
  t.deepEqual(Buffer.from(rig.memory(BUFFER, 0x25000)), blocks(50, 74));
});

test('parameters go out by PIO', async (t) => {
  const rig = await readyRig();
  rig.command(0xa0, {lba: 0xfffe00});
  rig.writeData(packetOf('55 10 00 00 00 00 00 00 14'));
  await rig.settle();
  t.deepEqual([rig.status & 8, rig.read(2) & 7, rig.read(4)], [8, 0, 0x14]);
  rig.writeData(packetOf('00 00 00 00 00 00 00 00 01 0a 00 00').subarray(0, 12));
  rig.writeData(new Uint8Array(8));
  await rig.settle();
  t.is(rig.status & 0xfe, 0x50, 'the unit has looked at them, whatever it says');
  t.is(rig.read(2) & 7, 3);
});

test('without a byte count data cannot move by PIO', async (t) => {
  const rig = await readyRig();
  t.is((await send(rig, TEST_UNIT_READY, 0)).status, 0x50);
  t.deepEqual([(await send(rig, READ_CAPACITY, 0)).status, rig.error], [0x51, 0x04]);
});

test('a read beyond the end fails', async (t) => {
  const rig = await readyRig();
  const {status, error} = await send(rig, read10(2047, 2));
  t.deepEqual([status, error], [0x51, 0x50]);
});

test('media can be changed, which the next command is told', async (t) => {
  const rig = await readyRig();
  await rig.run(() => rig.ide.changeMedium(0, undefined));
  t.is((await send(rig, TEST_UNIT_READY)).error, 0x20);
  const other = new RamImage(1 << 20, true);
  other.contents.fill(0x77);
  await rig.run(() => rig.ide.changeMedium(0, other));
  t.is((await send(rig, TEST_UNIT_READY)).error, 0x60);
  t.is((await send(rig, READ_CAPACITY)).bytes.readUInt32BE(0), 511);
  t.true((await send(rig, read10(0, 1))).bytes.every((byte) => byte === 0x77));
  t.false(await rig.ide.changeMedium(1, undefined));
});

test('DEVICE RESET ends a packet where it is, without an interrupt', async (t) => {
  const rig = await readyRig();
  rig.command(0xa0, {lba: 2048 << 8});
  rig.writeData(read10(0, 2));
  await rig.settle();
  const before = rig.interrupts[0];
  t.is(rig.status, 0x58);
  rig.write(7, 0x08);
  await rig.settle();
  t.deepEqual([rig.interrupts[0], rig.status, rig.error, rig.read(4), rig.read(5)], [before, 0, 1, 0x14, 0xeb]);
  t.is((await send(rig, read10(1, 1))).bytes.compare(blocks(1, 1)), 0);
});

test('a drive without a disc is not ready', async (t) => {
  const rig = new IdeRig([{kind: 'cdrom'}]);
  await send(rig, TEST_UNIT_READY);
  t.is((await send(rig, read10(0, 1))).error, 0x20);
  const {bytes} = await send(rig, requestSense);
  t.deepEqual([bytes[2], bytes[12]], [0x02, 0x3a]);
});

test('the image of a disc is given back with its drive', async (t) => {
  const ram = disc();
  const rig = rigOf(ram);
  ram.write(vectorOf(new Uint8Array(512)), 0);
  await rig.run(() => rig.ide.unplug());
  t.is(ram.contents.length, 0);
});
