import test from 'ava';
import {type Register, RegisterFile} from '../../backends/emulated/registers/index.ts';

const table = [
  {name: 'CTRL', offset: 0, size: 4, reset: 0x11223344, access: 'rw', mask: 0x00ffffff},
  {name: 'STATUS', offset: 4, size: 2, reset: 0x5aa5, access: 'ro'},
  {name: 'CAUSE', offset: 6, size: 1, reset: 0xff, access: 'w1c', mask: 0x0f},
  {name: 'COUNT', offset: 8, size: 4, reset: 7, access: 'rc'},
  {name: 'DOORBELL', offset: 12, size: 4, access: 'wo'},
] as const satisfies readonly Register[];

test('a read-only register keeps its value, a masked one its fixed bits', (t) => {
  const file = new RegisterFile(table);
  file.write(0, 4, 0xffffffff);
  file.write(4, 2, 0);
  t.is(file.read(0, 4), 0x11ffffff);
  t.is(file.read(4, 2), 0x5aa5);
});

test('a bit is cleared by a 1, if it can be cleared', (t) => {
  const file = new RegisterFile(table);
  file.write(6, 1, 0x33);
  t.is(file.read(6, 1), 0xfc);
});

test('reading a counter clears it; a doorbell reads as 0', (t) => {
  const file = new RegisterFile(table);
  t.is(file.read(8, 4), 7);
  t.is(file.read(8, 4), 0);
  file.write(12, 4, 5);
  t.is(file.read(12, 4), 0);
  t.is(file.get('DOORBELL'), 5);
});

test('accesses of other widths take parts of registers, or several', (t) => {
  const file = new RegisterFile(table);
  t.is(file.read(1, 1), 0x33);
  t.is(file.read(2, 2), 0x1122);
  t.is(file.read(4, 4), 0x00ff5aa5);
  file.write(1, 1, 0xee);
  t.is(file.read(0, 4), 0x1122ee44);
  file.write(2, 4, 0xffff_5566);
  t.is(file.read(0, 4), 0x1166ee44);
});

test('a hook sees the whole register after a part was written; a 1 that clears is only what was written', (t) => {
  const seen: number[] = [];
  const file = new RegisterFile(table, {
    CTRL: {write: (value) => seen.push(value)},
    CAUSE: {write: (value) => seen.push(value)},
  });
  file.write(0, 1, 0x99);
  file.write(6, 1, 0x01);
  t.deepEqual(seen, [0x11223399, 0x01]);
});

test('nothing is where no register is', (t) => {
  const file = new RegisterFile(table);
  file.write(64, 4, 1);
  t.is(file.read(64, 4), 0);
  t.is(file.read(7, 1), 0);
});

test('reset goes back to the table', (t) => {
  const file = new RegisterFile(table);
  file.write(0, 4, 0);
  file.reset();
  t.is(file.get('CTRL'), 0x11223344);
});

test('a table with registers over each other is refused', (t) => {
  t.throws(
    () =>
      new RegisterFile([
        {name: 'A', offset: 0, size: 4, access: 'rw'},
        {name: 'B', offset: 2, size: 1, access: 'rw'},
      ]),
    {message: 'B lies over another register'},
  );
});
