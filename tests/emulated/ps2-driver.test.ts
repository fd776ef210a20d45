import test from 'ava';
import {I8042} from '../../backends/emulated/ps2/index.ts';
import {type KeyEvent, type PointerEvent, Ps2Input} from '../../frontends/emulated/ps2/index.ts';
import {logAccesses} from '../support/access-log.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';

const stand = () => {
  const rig = new EmulatedRig();
  const i8042 = new I8042(rig.model);
  i8042.plug();
  const {machine, log} = logAccesses(rig.machine);
  const input = Ps2Input.probe(machine);
  if (input === undefined) throw new Error('no keyboard controller found');
  const keys: KeyEvent[] = [];
  const moves: PointerEvent[] = [];
  input.keys.subscribe((key) => keys.push(key));
  input.pointer.subscribe((move) => moves.push(move));
  log.length = 0;
  return {rig, i8042, input, keys, moves, log, wait: (ns: number) => rig.schedule.sleep(ns)};
};

test('finds keyboard and mouse, or no controller', (t) => {
  t.is(Ps2Input.probe(new EmulatedRig().machine), undefined);
  t.is(String(stand().input), 'keyboard, mouse with a wheel');
});

test('keys come as they are struck', async (t) => {
  const {i8042, keys, wait} = stand();
  i8042.keyboard.press('KeyA');
  i8042.keyboard.release('KeyA');
  i8042.keyboard.press('Pause');
  await wait(1e6);
  i8042.keyboard.press('ArrowUp');
  i8042.keyboard.release('ArrowUp');
  await wait(1e6);
  t.deepEqual(keys, [
    {code: 0x1e, isDown: true},
    {code: 0x1e, isDown: false},
    {code: 0xe11d45, isDown: true},
    {code: 0xe11d45, isDown: false},
    {code: 0xe048, isDown: true},
    {code: 0xe048, isDown: false},
  ]);
});

test('movement adds up, whatever its size', async (t) => {
  const {i8042, moves, wait} = stand();
  i8042.mouse.move(-1000, 700, 9);
  i8042.mouse.press('left');
  await wait(1e9);
  const sum = (pick: (move: PointerEvent) => number): number => moves.reduce((total, move) => total + pick(move), 0);
  t.is(
    sum(({dx}) => dx),
    -1000,
  );
  t.is(
    sum(({dy}) => dy),
    700,
  );
  t.is(
    sum(({wheel}) => wheel),
    9,
  );
  t.true(moves.at(-1)?.left);
});

test('lights, while keys are struck', async (t) => {
  const {i8042, input, keys, wait} = stand();
  input.setLeds({numLock: true});
  i8042.keyboard.press('Enter');
  await wait(1e6);
  t.deepEqual(i8042.keyboard.leds, {scrollLock: false, numLock: true, capsLock: false});
  t.deepEqual(keys, [{code: 0x1c, isDown: true}]);
});

test('after close nothing comes', async (t) => {
  const {i8042, input, log, wait} = stand();
  await wait(1);
  input.close();
  log.length = 0;
  i8042.keyboard.press('Enter');
  i8042.mouse.move(1, 1);
  await wait(1e9);
  t.deepEqual(log, []);
});

test('exits: status, data and an EOI a byte', async (t) => {
  const {i8042, log, wait} = stand();
  i8042.keyboard.press('ArrowUp');
  i8042.mouse.move(1, 1);
  await wait(1e6);
  const byte = (irq: number): string[] => ['in 64', 'in 60', `eoi ${irq}`];
  t.deepEqual(log, [byte(1), byte(1), byte(12), byte(12), byte(12), byte(12)].flat());
});
