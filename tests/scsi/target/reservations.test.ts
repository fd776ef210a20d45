import test from 'ava';
import {DiskUnit} from '../../../backends/scsi/target/index.ts';
import {RamImage} from '../../../backends/storage/index.ts';
import {hexBytes, Initiator, initiatorOf, toHex} from '../../support/scsi.ts';

const [ONE, TWO, THREE] = ['one', 'two', 'three'].map((name) => `iqn.2026-01.test:${name}`);
const [K1, K2, K3] = ['00000000000000a1', '00000000000000b2', '00000000000000c3'];
const NO_KEY = '0000000000000000';

interface Three {
  a: Initiator;
  b: Initiator;
  c: Initiator;
}

/** Three initiators at one disk, all of whom have been told of the power on. */
const three = async (): Promise<Three> => {
  const a = await initiatorOf(new DiskUnit({storage: new RamImage(1 << 20), serial: 'R'}), ONE);
  const [b, c] = [TWO, THREE].map((name) => new Initiator(a.target, name));
  for (const initiator of [b, c]) await initiator.send('00 00000000 00');
  return {a, b, c};
};

const list = (key: string, actionKey: string, flags = '00'): Uint8Array =>
  hexBytes(`${key} ${actionKey} 00000000 ${flags} 00 0000`);

/** PERSISTENT RESERVE OUT */
const out = (initiator: Initiator, action: number, type: number, key: string, actionKey = NO_KEY): Promise<string> =>
  initiator.says(`5f 0${action} 0${type} 0000 00000018 00`, {out: list(key, actionKey)});

const register = (initiator: Initiator, key: string, old = NO_KEY): Promise<string> => out(initiator, 0, 0, old, key);

const keys = async (initiator: Initiator): Promise<string> => {
  const bytes = await initiator.data('5e 00 0000000000 0400 00');
  return `${Buffer.from(bytes).readUInt32BE(0)}: ${toHex(bytes.subarray(8))
    .replaceAll(/.{14}(..)/g, '$1 ')
    .trim()}`;
};

const held = async (initiator: Initiator): Promise<string> => {
  const bytes = await initiator.data('5e 01 0000000000 0400 00');
  return bytes.length === 8 ? 'free' : `${toHex(bytes.subarray(15, 16))} type ${bytes[21]}`;
};

const canRead = async (initiator: Initiator): Promise<boolean> =>
  (await initiator.says('28 00 00000000 00 0001 00')) === 'good';
const canWrite = async (initiator: Initiator): Promise<boolean> =>
  (await initiator.says('2a 00 00000000 00 0001 00', {out: new Uint8Array(512)})) === 'good';

const CONFLICT = 'status 18';

test('registering, and what it is worth', async (t) => {
  const {a, b} = await three();
  t.is(await register(a, K1, K2), CONFLICT, 'not registered with that key');
  t.is(await register(a, K1), 'good');
  t.is(await register(a, K2), CONFLICT, 'another key is registered');
  t.is(await register(a, K2, K1), 'good');
  t.is(await out(b, 6, 0, K3, K3), 'good', 'REGISTER AND IGNORE EXISTING KEY');
  t.is(await keys(a), '3: b2 c3');
  t.is(await register(a, NO_KEY, K2), 'good');
  t.is(await keys(a), '4: c3');
  t.is(await out(a, 1, 1, K2), CONFLICT, 'RESERVE without a registration');
});

test('refused: flags, types, scopes and lengths', async (t) => {
  const {a} = await three();
  for (const flags of ['01', '04', '08']) {
    t.is(await a.says('5f 00 00 0000 00000018 00', {out: list(NO_KEY, K1, flags)}), '5/26/00', flags);
  }
  t.is(await a.says('5f 00 00 0000 00000017 00', {out: list(NO_KEY, K1)}), '5/1a/00');
  t.is(await a.says('5f 00 00 0000 00000018 00', {out: new Uint8Array(8)}), '5/1a/00');
  await register(a, K1);
  t.is(await a.says('5f 01 02 0000 00000018 00', {out: list(K1, NO_KEY)}), '5/24/00');
  t.is(await a.says('5f 01 11 0000 00000018 00', {out: list(K1, NO_KEY)}), '5/24/00');
  for (let action = 8; action < 32; action++) {
    t.is(await a.says(`5f ${toHex(Uint8Array.of(action))} 00 0000 00000018 00`, {out: list(K1, K1)}), '5/24/00');
  }
  for (let action = 4; action < 32; action++) {
    t.is(await a.says(`5e ${toHex(Uint8Array.of(action))} 0000000000 00ff 00`), '5/24/00');
  }
});

/** Type; may a registered other read, write; may a stranger read, write. */
const access: readonly (readonly [type: number, boolean, boolean, boolean, boolean])[] = [
  [1, true, false, true, false],
  [3, false, false, false, false],
  [5, true, true, true, false],
  [6, true, true, false, false],
  [7, true, true, true, false],
  [8, true, true, false, false],
];

for (const [type, ...expected] of access) {
  test(`who may do what under a reservation of type ${type}`, async (t) => {
    const {a, b, c} = await three();
    await register(a, K1);
    await register(b, K2);
    t.is(await out(a, 1, type, K1), 'good');
    t.is(await held(a), `${type >= 7 ? '00' : 'a1'} type ${type}`);
    t.true((await canRead(a)) && (await canWrite(a)));
    t.deepEqual([await canRead(b), await canWrite(b), await canRead(c), await canWrite(c)], expected);
    t.is(await c.says('12 00 00 00ff 00'), 'good');
    t.is(await c.says('00 00000000 00'), 'good');
    t.is(await c.says('1b 00 00 00 00 00'), CONFLICT, 'stop');
    t.is(await c.says('1b 00 00 00 01 00'), 'good', 'start');
    t.is(await out(a, 1, type === 1 ? 3 : 1, K1), CONFLICT, 'another type');
    t.is(await out(a, 2, type === 1 ? 3 : 1, K1), '5/26/04', 'release of another type');
    t.is(await out(a, 2, type, K1), 'good');
    t.is(await held(a), 'free');
    t.is(await b.says('00 00000000 00'), type >= 5 ? '6/2a/04' : 'good');
    t.true((await canRead(c)) && (await canWrite(c)));
  });
}

test('the reservation ends with its holder, unless all hold it', async (t) => {
  for (const [type, after] of [
    [3, 'free'],
    [5, 'free'],
    [8, '00 type 8'],
  ] as const) {
    const {a, b} = await three();
    await register(a, K1);
    await register(b, K2);
    await out(a, 1, type, K1);
    t.is(await register(a, NO_KEY, K1), 'good');
    t.is(await held(a), after);
    t.is(await b.says('00 00000000 00'), type === 5 ? '6/2a/04' : 'good');
  }
});

test('CLEAR', async (t) => {
  const {a, b} = await three();
  await register(a, K1);
  await register(b, K2);
  await out(a, 1, 3, K1);
  t.is(await out(b, 3, 0, K2), 'good');
  t.is(await a.says('00 00000000 00'), '6/2a/03');
  t.is(await held(a), 'free');
  t.is(await keys(a), '3: ');
});

test('PREEMPT takes a registration, or the reservation', async (t) => {
  const {a, b, c} = await three();
  for (const [initiator, key] of [
    [a, K1],
    [b, K2],
    [c, K3],
  ] as const)
    await register(initiator, key);
  t.is(await out(b, 4, 3, K2, NO_KEY), '5/26/00');
  t.is(await out(b, 4, 3, K2, '00000000000000ff'), CONFLICT, 'nobody has that key');
  t.is(await out(b, 4, 3, K2, K3), 'good');
  t.is(await keys(a), '4: a1 b2');
  t.is(await c.says('00 00000000 00'), '6/2a/05');
  await out(a, 1, 3, K1);
  t.is(await out(b, 4, 1, K2, K1), 'good');
  t.is(await held(b), 'b2 type 1');
  t.is(await a.says('00 00000000 00'), '6/2a/05');
  t.is(await keys(b), '5: b2');
});

test('PREEMPT of what all registrants hold', async (t) => {
  const {a, b, c} = await three();
  for (const [initiator, key] of [
    [a, K1],
    [b, K2],
    [c, K3],
  ] as const)
    await register(initiator, key);
  await out(a, 1, 8, K1);
  t.is(await out(b, 4, 1, K2, NO_KEY), 'good');
  t.is(await held(b), 'b2 type 1');
  t.is(await keys(b), '4: b2');
});

test('PREEMPT AND ABORT ends the commands of those it hits, and what they prevent', async (t) => {
  const {a, b} = await three();
  await register(a, K1);
  await register(b, K2);
  t.is(await out(b, 5, 1, K2, K1), 'good');
  t.is(await a.says('00 00000000 00'), '6/2a/05');
  t.is(await a.says('00 00000000 00'), '6/2f/00');
  t.is(await a.says('00 00000000 00'), 'good');
});

const transportId = (name: string): Uint8Array => {
  const padded = Buffer.alloc(4 + Math.max(20, Math.ceil((name.length + 1) / 4) * 4));
  padded[0] = 0x05;
  padded.writeUInt16BE(padded.length - 4, 2);
  padded.write(name, 4);
  return padded;
};

test('REGISTER AND MOVE', async (t) => {
  const {a, b} = await three();
  await register(a, K1);
  const id = transportId(TWO);
  const move = Buffer.concat([hexBytes(`${K1} ${K2} 00 02 0001`), Buffer.alloc(4), id]);
  move.writeUInt32BE(id.length, 20);
  const cdb = `5f 07 00 0000 ${move.length.toString(16).padStart(8, '0')} 00`;
  t.is(await a.says(cdb, {out: move}), CONFLICT, 'not the holder');
  await out(a, 1, 3, K1);
  const broken = Buffer.from(move);
  broken[24] = 0x01;
  t.is(await a.says(cdb, {out: broken}), '5/26/00', 'a TransportID of Fibre Channel');
  t.is(await a.says(cdb, {out: move}), 'good');
  t.is(await held(b), 'b2 type 3');
  t.is(await keys(b), '2: b2', 'UNREG');
  t.true(await canWrite(b));
  t.false(await canRead(a));
});

test('READ FULL STATUS and REPORT CAPABILITIES', async (t) => {
  const {a, b} = await three();
  await register(a, K1);
  await register(b, K2);
  await out(b, 1, 1, K2);
  const bytes = await a.data('5e 03 0000000000 0400 00');
  const id = transportId(ONE);
  const entry = 24 + id.length;
  t.is(bytes.length, 8 + 2 * entry);
  t.is(
    toHex(bytes.subarray(8, 8 + 24)),
    `${K1} 00000000 00 00 00000000 0001 000000${toHex(Uint8Array.of(id.length))}`.replaceAll(' ', ''),
  );
  t.deepEqual(bytes.subarray(32, 32 + id.length), id);
  t.is(toHex(bytes.subarray(8 + entry + 12, 8 + entry + 14)), '0101');
  t.is(toHex(await a.data('5e 02 0000000000 0400 00')), '00080080ea010000');
});
