import test from 'ava';
import {getopt} from '../../toolstack/xl/getopt.ts';

const spec = {short: 'hab:c', long: {help: 'h', all: 'a', defconfig: 'b', define: 'b', copy: 'c', compact: 'a'}};

/** Options as `a`, `b=VALUE`. */
const read = (line: string): {options: string[]; operands: readonly string[]; bad?: string} => {
  const {options, ...rest} = getopt(
    line.split(' ').filter((word) => word !== ''),
    spec,
  );
  return {options: options.map(({letter, value}) => (value === '' ? letter : `${letter}=${value}`)), ...rest};
};

const cases: readonly [line: string, options: string[], operands: string[], bad?: string][] = [
  ['', [], []],
  ['-a', ['a'], []],
  ['-ac -a', ['a', 'c', 'a'], []],
  ['-bX', ['b=X'], []],
  ['-b X', ['b=X'], []],
  ['-ab X y', ['a', 'b=X'], ['y']],
  ['-abX', ['a', 'b=X'], []],
  ['-b -a', ['b=-a'], []],
  ['--all', ['a'], []],
  ['--al x', ['a'], ['x']],
  ['--defconfig=X', ['b=X'], []],
  ['--defconfig X y', ['b=X'], ['y']],
  ['--defconfig=', ['b'], []],
  ['--def X', ['b=X'], [], undefined],
  ['x -a', [], ['x', '-a']],
  ['-a x -c', ['a'], ['x', '-c']],
  ['-a -- -c', ['a'], ['-c']],
  ['-', [], ['-']],
  ['-x', [], [], 'x'],
  ['-ax', ['a'], [], 'x'],
  ['-:', [], [], ':'],
  ['-b', [], [], 'b'],
  ['--defconfig', [], [], '--defconfig'],
  ['--bogus', [], [], '--bogus'],
  ['--all=1', [], [], '--all'],
  ['--co', [], [], '--co'],
  ['-a -x y', ['a'], ['y'], 'x'],
];

for (const [line, options, operands, bad] of cases) {
  test(`"${line}"`, (t) => {
    t.deepEqual(read(line), bad === undefined ? {options, operands} : {options, operands, bad});
  });
}
