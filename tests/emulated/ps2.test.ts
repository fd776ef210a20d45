import test from 'ava';
import * as fc from 'fast-check';
import {I8042, keyNamed} from '../../backends/emulated/ps2/index.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';

const DATA = 0x60;
const COMMAND = 0x64;
const MS = 1e6;

const stand = (onReset?: () => void) => {
  const rig = new EmulatedRig();
  const i8042 = new I8042(rig.model, {onReset});
  i8042.plug();
  const {io} = rig;
  const interrupts: number[] = [];
  for (const irq of [1, 12]) {
    io.setInterruptHandler(irq, () => {
      interrupts.push(irq);
      io.endOfInterrupt(irq);
    });
  }
  const status = (): number => io.readPort(COMMAND, 1);
  const data = (): number => io.readPort(DATA, 1);
  const command = (...bytes: number[]): void => {
    io.writePort(COMMAND, 1, bytes[0]);
    for (const parameter of bytes.slice(1)) io.writePort(DATA, 1, parameter);
  };
  /** All that waits, those of the mouse above 0xff. */
  const drain = (): number[] => {
    const bytes: number[] = [];
    for (let now = status(); (now & 1) !== 0; now = status()) bytes.push(data() | ((now & 0x20) << 3));
    return bytes;
  };
  return {
    rig,
    i8042,
    interrupts,
    status,
    data,
    command,
    drain,
    wait: (ns: number) => rig.schedule.sleep(ns),
    ask: (...bytes: number[]) => (command(...bytes), drain()),
    keyboard: (...bytes: number[]) => bytes.flatMap((byte) => (io.writePort(DATA, 1, byte), drain())),
    mouse: (...bytes: number[]) => bytes.flatMap((byte) => (command(0xd4, byte), drain())).map((byte) => byte & 0xff),
  };
};

test('controller: reset state, self test, tests of both interfaces', (t) => {
  const {status, ask} = stand();
  t.is(status(), 0x14);
  t.deepEqual(ask(0xaa), [0x55]);
  t.deepEqual(ask(0xab), [0x00]);
  t.deepEqual(ask(0xa9), [0x00]);
  t.is(status(), 0x1c, 'a command was written last');
  t.deepEqual(ask(0x20), [0x47]);
});

test('controller: the command byte, and what turns interfaces off and on', (t) => {
  const {command, ask} = stand();
  command(0x60, 0x65);
  t.deepEqual(ask(0x20), [0x65]);
  command(0xad);
  t.deepEqual(ask(0x20), [0x75]);
  command(0xae);
  command(0xa8);
  t.deepEqual(ask(0x20), [0x45]);
  command(0xa7);
  t.deepEqual(ask(0x20), [0x65]);
});

test("controller: what Linux's i8042 driver looks for", async (t) => {
  const {ask, command, interrupts, data, status, wait} = stand();
  t.deepEqual(ask(0xd3, 0x5a), [0x15a], 'the loop comes back as of the mouse');
  for (const byte of [0xf0, 0x56, 0xa4]) t.deepEqual(ask(0xd3, byte), [0x100 | byte], 'no multiplexer');
  await wait(1);
  interrupts.length = 0;
  command(0x60, 0x46);
  command(0xd3, 0xa5);
  await wait(1);
  t.deepEqual(interrupts, [12]);
  t.is(status() & 0x21, 0x21);
  t.is(data(), 0xa5);
  t.deepEqual(ask(0xd2, 0x12), [0x12]);
});

test('controller: output port, input port, and the reset line', (t) => {
  let resets = 0;
  const {ask, command} = stand(() => resets++);
  t.deepEqual(ask(0xd0), [0x03]);
  t.deepEqual(ask(0xc0), [0x80]);
  command(0xd1, 0x03);
  command(0xff);
  t.is(resets, 0);
  command(0xd1, 0x02);
  command(0xfe);
  t.is(resets, 2);
});

test('keyboard: identity, echo, scan code set, resend, what it does not know', (t) => {
  const {command, keyboard} = stand();
  t.deepEqual(keyboard(0xf2), [0xfa, 0xab, 0x41], 'translated');
  command(0x60, 0x07);
  t.deepEqual(keyboard(0xf2), [0xfa, 0xab, 0x83]);
  t.deepEqual(keyboard(0xee), [0xee]);
  t.deepEqual(keyboard(0xfe), [0xee]);
  t.deepEqual(keyboard(0xf0, 0x00), [0xfa, 0xfa, 0x02]);
  t.deepEqual(keyboard(0xf0, 0x03), [0xfa, 0xfe], 'no other set');
  t.deepEqual(keyboard(0xe0), [0xfe]);
  t.deepEqual(keyboard(0xff), [0xfa, 0xaa]);
});

test('keyboard: lights', (t) => {
  const {i8042, keyboard} = stand();
  t.deepEqual(keyboard(0xed, 0x05), [0xfa, 0xfa]);
  t.deepEqual(i8042.keyboard.leds, {scrollLock: true, numLock: false, capsLock: true});
});

for (const [name, set2, set1] of [
  ['KeyA', [0x1c, 0xf0, 0x1c], [0x1e, 0x9e]],
  ['ArrowUp', [0xe0, 0x75, 0xe0, 0xf0, 0x75], [0xe0, 0x48, 0xe0, 0xc8]],
  ['F7', [0x83, 0xf0, 0x83], [0x41, 0xc1]],
  ['Pause', [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77], [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]],
  [
    'PrintScreen',
    [0xe0, 0x12, 0xe0, 0x7c, 0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12],
    [0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa],
  ],
] as const) {
  test(`keyboard: ${name} in both sets`, (t) => {
    const {i8042, command, drain} = stand();
    const key = keyNamed(name);
    if (key === undefined) return t.fail();
    const strike = (): number[] => {
      const down = i8042.keyboard.press(key) ? drain() : [];
      return [...down, ...(i8042.keyboard.release(key) ? drain() : [])];
    };
    t.deepEqual(strike(), [...set1]);
    command(0x60, 0x07);
    t.deepEqual(strike(), [...set2]);
  });
}

test('keyboard: no such key', (t) => {
  t.is(keyNamed('toString'), undefined);
});

test('keyboard: a held key repeats, at the rate that was set', async (t) => {
  const {i8042, drain, keyboard, wait} = stand();
  keyboard(0xf3, 0x00);
  i8042.keyboard.press('KeyA');
  await wait(249 * MS);
  t.deepEqual(drain(), [0x1e]);
  await wait(2 * MS);
  t.deepEqual(drain(), [0x1e]);
  await wait(34 * MS);
  t.deepEqual(drain(), [0x1e]);
  i8042.keyboard.release('KeyA');
  await wait(1000 * MS);
  t.deepEqual(drain(), [0x9e]);
});

test('keyboard: 16 bytes wait, a key that does not fit is lost; a reset forgets them', (t) => {
  const {i8042, drain, keyboard} = stand();
  // The first byte is in the controller's output buffer.
  for (let strokes = 0; strokes < 6; strokes++) {
    i8042.keyboard.press('KeyA');
    i8042.keyboard.release('KeyA');
  }
  t.is(i8042.stats().lostBytes, 2);
  t.deepEqual(drain(), [...Array.from({length: 5}, () => [0x1e, 0x9e]).flat(), 0x1e]);
  i8042.keyboard.press('KeyA');
  t.deepEqual(keyboard(0xff), [0x1e, 0xfa, 0xaa]);
});

test('keyboard: nothing comes while it does not scan, or its interface is off', (t) => {
  const {i8042, command, drain, keyboard} = stand();
  keyboard(0xf5);
  t.false(i8042.keyboard.press('KeyA'));
  keyboard(0xf4);
  command(0xad);
  t.true(i8042.keyboard.press('KeyA'));
  t.deepEqual(drain(), []);
  command(0xae);
  t.deepEqual(drain(), [0x1e]);
});

test('each byte is an interrupt of its own', async (t) => {
  const {i8042, interrupts, data, wait} = stand();
  i8042.keyboard.press('ArrowUp');
  await wait(1);
  t.deepEqual(interrupts, [1]);
  t.is(data(), 0xe0);
  await wait(1);
  t.deepEqual(interrupts, [1, 1]);
  t.is(data(), 0x48);
  await wait(1);
  t.deepEqual(interrupts, [1, 1]);
});

test('mouse: reset, identity, status, and what it does not know', (t) => {
  const {mouse} = stand();
  t.deepEqual(mouse(0xff), [0xfa, 0xaa, 0x00]);
  t.deepEqual(mouse(0xf2), [0xfa, 0x00]);
  t.deepEqual(mouse(0xe9), [0xfa, 0x00, 0x02, 100]);
  t.deepEqual(mouse(0xe8, 3), [0xfa, 0xfa]);
  t.deepEqual(mouse(0xf3, 40), [0xfa, 0xfa]);
  mouse(0xe7);
  mouse(0xf4);
  t.deepEqual(mouse(0xe9), [0xfa, 0x30, 0x03, 40]);
  t.deepEqual(mouse(0xe8, 9), [0xfa, 0xfe]);
});

test('mouse: the knock of IntelliMouse adds the wheel', async (t) => {
  const {i8042, drain, mouse, wait} = stand();
  mouse(0xf3, 200, 0xf3, 100, 0xf3, 80);
  t.deepEqual(mouse(0xf2), [0xfa, 0x03]);
  mouse(0xf4);
  i8042.mouse.move(1, -1, -1);
  await wait(1);
  t.deepEqual(drain(), [0x128, 0x101, 0x1ff, 0x1ff]);
  t.deepEqual(mouse(0xff), [0xfa, 0xaa, 0x00]);
  t.deepEqual(mouse(0xf2), [0xfa, 0x00]);
});

test('mouse: packets come as often as the sample rate says, and carry what came in between', async (t) => {
  const {i8042, drain, mouse, wait} = stand();
  mouse(0xf4);
  i8042.mouse.move(5, 0);
  i8042.mouse.move(300, -2);
  i8042.mouse.press('right');
  t.deepEqual(drain(), [0x108, 0x105, 0x100]);
  await wait(11 * MS);
  t.deepEqual(drain(), [0x12a, 0x1ff, 0x1fe]);
  await wait(11 * MS);
  t.deepEqual(drain(), [0x10a, 45 | 0x100, 0x100]);
  await wait(100 * MS);
  t.deepEqual(drain(), []);
});

test('mouse: what finds no room in its queue waits for it', async (t) => {
  const {i8042, drain, mouse, wait} = stand();
  mouse(0xf4);
  for (let moves = 0; moves < 20; moves++) {
    i8042.mouse.move(1, 0);
    await wait(11 * MS);
  }
  let counts = 0;
  for (let turns = 0; turns < 4; turns++) {
    const bytes = drain();
    for (let at = 1; at < bytes.length; at += 3) counts += bytes[at] & 0xff;
    await wait(11 * MS);
  }
  t.is(counts, 20);
});

test('mouse: scaling, remote mode and wrap mode', async (t) => {
  const {i8042, drain, mouse, wait} = stand();
  mouse(0xf4, 0xe7);
  i8042.mouse.move(4, -100);
  await wait(11 * MS);
  t.deepEqual(drain(), [0x128, 0x106, 0x138]);
  mouse(0xf0);
  i8042.mouse.move(4, 0);
  await wait(11 * MS);
  t.deepEqual(drain(), []);
  t.deepEqual(mouse(0xeb), [0xfa, 0x08, 4, 0]);
  t.deepEqual(mouse(0xee), [0xfa]);
  t.deepEqual(mouse(0xf2, 0x12), [0xf2, 0x12]);
  t.deepEqual(mouse(0xec), [0xfa]);
});

test('unplugged, nothing answers', (t) => {
  const {i8042, status} = stand();
  i8042.unplug();
  t.is(status(), 0xff);
});

test('whatever a guest writes, the host lives on', async (t) => {
  const actions = fc.array(fc.tuple(fc.nat(5), fc.nat(255)), {maxLength: 200});
  await fc.assert(
    fc.asyncProperty(actions, async (accesses) => {
      const {i8042, rig, command, wait, data} = stand();
      const act = [
        (value: number) => command(value),
        (value: number) => rig.io.writePort(DATA, 1, value),
        (value: number) => command(0xd4, value),
        () => t.true(data() <= 0xff),
        () => void i8042.keyboard.press('ArrowLeft'),
        (value: number) => i8042.mouse.move(value * 1000, -value, value),
      ];
      for (const [action, value] of accesses) {
        act[action](value);
        await wait(5 * MS);
      }
    }),
    {seed: 9, numRuns: 25},
  );
});
