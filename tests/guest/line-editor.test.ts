import test from 'ava';
import {LineEditor, type LineResult} from '../../frontends/guest/shell/line-editor.ts';

const HISTORY = ['first', 'second'];
const UP = '\x1b[A';
const DOWN = '\x1b[B';
const RIGHT = '\x1b[C';
const LEFT = '\x1b[D';

/** Types the keys; the result and what a terminal would show of the line. */
const type = (keys: string): {result: LineResult | undefined; shown: string} => {
  const editor = new LineEditor('$ ', HISTORY);
  let shown = '$ ';
  for (const key of keys) {
    const {echo, result} = editor.feed(key);
    // A redraw shows the line anew; everything else is appended.
    const redraw = echo.lastIndexOf('\r$ ');
    if (redraw >= 0) shown = echo.slice(redraw + 1);
    else shown += echo;
    if (result !== undefined) return {result, shown};
  }
  return {result: undefined, shown};
};

const lines: [name: string, keys: string, text: string][] = [
  ['plain', 'lsblk\r', 'lsblk'],
  ['newline ends a line too', 'lsblk\n', 'lsblk'],
  ['empty', '\r', ''],
  ['DEL rubs out', 'lsx\x7fblk\r', 'lsblk'],
  ['BS rubs out', 'lsx\x08blk\r', 'lsblk'],
  ['rubbing out nothing', '\x7f\x7fa\r', 'a'],
  ['a whole character is rubbed out', 'aü\x7fb\r', 'ab'],
  ['^U kills to the start', 'wrong\x15right\r', 'right'],
  ['^K kills to the end', `abc${LEFT}${LEFT}\x0bx\r`, 'ax'],
  ['^W kills a word', 'dd if=x  \x17of=y\r', 'dd of=y'],
  ['^A and ^E move', 'bc\x01a\x05d\r', 'abcd'],
  ['arrows move and insert', `ac${LEFT}b${RIGHT}d\r`, 'abcd'],
  ['moving past the ends stays', `${LEFT}a${RIGHT}${RIGHT}b\r`, 'ab'],
  ['Home, End, Delete', 'xab\x1b[H\x1b[3~\x1b[F!\r', 'ab!'],
  ['application cursor keys', 'b\x1bODa\r', 'ab'],
  ['up recalls', `${UP}\r`, 'second'],
  ['up twice', `${UP}${UP}\r`, 'first'],
  ['up past the oldest stays', `${UP}${UP}${UP}\r`, 'first'],
  ['down comes back to what was typed', `draft${UP}${DOWN}!\r`, 'draft!'],
  ['a recalled line can be changed', `${UP}s\r`, 'seconds'],
  ['^P and ^N', `\x10\x10\x0e\r`, 'second'],
  ['^D on text deletes', `abc${LEFT}\x04\r`, 'ab'],
  ['an unknown escape is swallowed', 'a\x1b[12;5~b\r', 'ab'],
  ['a broken escape ends soon', 'a\x1b[;;;;;;;;b\r', 'a;;b'],
  ['other control keys are ignored', 'a\x00\x07\x1ab\r', 'ab'],
];

for (const [name, keys, text] of lines) {
  test(name, (t) => t.deepEqual(type(keys).result, {kind: 'line', text}));
}

test('^C and ^D end a line otherwise', (t) => {
  t.deepEqual(type('abc\x03').result, {kind: 'interrupt'});
  t.deepEqual(type('\x04').result, {kind: 'eof'});
});

test('the terminal shows what is in the line', (t) => {
  t.is(type('abc').shown, '$ abc');
  t.is(type('abx\x7fc').shown, '$ ab\x1b[Kc');
  t.is(type(`abc${LEFT}${LEFT}`).shown, '$ abc\x1b[K\x1b[2D');
  t.is(type('abc\x03').shown, '$ abc^C\r\n');
});

test('a line is bounded', (t) => {
  const {result} = type(`${'x'.repeat(5000)}\r`);
  t.is(result?.kind === 'line' ? result.text.length : 0, 4096);
});
