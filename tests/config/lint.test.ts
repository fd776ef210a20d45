import {readdirSync} from 'node:fs';
import test from 'ava';
import {KEYS} from '../../toolstack/config/key-catalogue.ts';
import {lintConfig, renderFinding} from '../../toolstack/config/lint/index.ts';
import {fixturePath, readFixture, readJsonFixture} from '../support/fixtures.ts';

const BASE = 'name = "n"\nkernel = "builtin"\n';

/** What is said about lines that follow a good beginning: `severity line:column message`. */
const said = (text: string): string[] =>
  lintConfig(BASE + text, 'x.cfg').map(
    ({severity, line, column, message}) => `${severity} ${line - 2}:${column} ${message}`,
  );

const suggested = (text: string): (string | undefined)[] =>
  lintConfig(BASE + text, 'x.cfg').map(({suggestion}) => suggestion);

test('a good file has no findings', (t) => {
  t.deepEqual(
    said('memory = 64\ndisk = [ "format=raw, vdev=xvda, access=rw, target=/x" ]\nvif = [ "bridge=b" ]\n'),
    [],
  );
});

test('an unknown key, with the nearest known one', (t) => {
  t.deepEqual(said(' memroy = 64\n'), ["warning 1:2 xl knows no key `memroy'"]);
  t.deepEqual(suggested('memroy = 64\n'), ["did you mean `memory'?"]);
  t.deepEqual(suggested('zzzzzzzzzz = 1\n'), [undefined]);
});

const CASES: readonly (readonly [text: string, ...said: string[]])[] = [
  ['ramdisk = 5\n', "warning 1:11 `ramdisk' is a string, this is a number"],
  ['ramdisk = "5"\n'],
  ['memory = "512M"\n', "error 1:10 `memory' is not a valid number: xl ignores it"],
  ['memory = 0256\n', "warning 1:10 `memory' is read in base 8: 174"],
  ['memory = 0290\n', "error 1:10 `memory' is not a valid number: xl ignores it"],
  ['memory = 0x100\n'],
  ['vcpus = 1\nvcpus += 1\n', "error 2:10 `vcpus' is a number: += cannot add to it"],
  ['disk = "a,,xvda"\n', "error 1:8 `disk' is a single value but should be a list: xl ignores it"],
  ['memory = [ "5" ]\n', "error 1:10 `memory' is a list but should be a single value: xl ignores it"],
  [
    'disk = [ "a,,xvda", ["b"] ]\n',
    "warning 1:21 xl stops reading `disk' at this list: it and what follows is ignored",
  ],
  ['memory = 1\nmemory = 2\n', "warning 1:1 `memory' is set again in line 4: this value is lost"],
  ['extra = "a"\nextra += " b"\n'],
  ['disk = [ "phy:/dev/x,xvda,w" ]\n', 'warning 1:10 old spelling of a disk'],
  ['disk = [ "x" ]\n', "error 1:10 xl refuses: disk specification: no vdev specified in `x'"],
  ['vif = [ "mac=zz" ]\n', "warning 1:9 xl says: Invalid parameter `mac'."],
  ['vif = [ "rate=9" ]\n', "error 1:9 xl refuses: vif: invalid rate in `9'"],
  ['builder = "generic"\n', "warning 1:1 old spelling `builder'"],
  ['root = "/dev/x"\ncmdline = "y"\n', "warning 1:1 xl ignores `root'"],
  ['pci = [ "01:00.0" ]\n', "error 1:1 pvsim refuses `pci'"],
  ['pci = []\nspice = 0\n', "note 1:1 `pci' has no effect in pvsim", "note 2:1 `spice' has no effect in pvsim"],
  ['on_crash = "explode"\n', 'error 1:1 xl refuses: Unknown on_crash action "explode" specified'],
];

for (const [text, ...expected] of CASES) {
  test(`says of ${JSON.stringify(text)}`, (t) => {
    t.deepEqual(said(text), expected);
  });
}

const SYNTAX: readonly (readonly [text: string, suggestion: string])[] = [
  ['import os\n', 'xl runs no Python: write plain settings'],
  ['memory = True\n', 'write 1 or 0'],
  ['memory = 1\r\n', 'the file has carriage returns: convert its line ends'],
  ['on-crash = "destroy"\n', 'a key has no hyphen'],
  ['Memory = 1\n', 'keys are in lower case'],
  ['ramdisk = /boot/initrd\n', 'put the string in quotes'],
  ['memory = -1\n', 'put a negative number in quotes'],
  ['vif = ( "a" )\n', 'a list is written in square brackets'],
  ['memory =\n64\n', 'the value begins on the line of its key'],
  ['disk = [ "a"\n', "a list is not closed: `]' is missing"],
  ['# the end', 'end the last line with a newline: xl takes no comment without one'],
];

for (const [text, suggestion] of SYNTAX) {
  test(`advises on ${JSON.stringify(text)}`, (t) => {
    const [first] = lintConfig(BASE + text, 'x.cfg');
    t.like(first, {severity: 'error', suggestion});
  });
}

test('a finding is shown with its line and a caret below its place, behind tabs too', (t) => {
  const lines = ['\tmemroy = 256'];
  const finding = {severity: 'warning', line: 1, column: 2, message: 'm', suggestion: 's'} as const;
  t.is(renderFinding(finding, 'x', lines), 'x:1:2: warning: m\n  \tmemroy = 256\n  \t^~~~~~\n  s');
});

test('every file of the corpora is linted', (t) => {
  for (const dir of ['cfg-corpus', 'realworld']) {
    for (const name of readdirSync(fixturePath('config', dir)).filter((file) => file.endsWith('.cfg'))) {
      const text = readFixture('config', dir, name);
      const lines = text.split('\n');
      for (const finding of lintConfig(text, name)) {
        t.true(finding.line >= 1 && finding.line <= lines.length + 1, `${name}: ${finding.message}`);
        t.true(renderFinding(finding, name, lines).includes('^'));
      }
    }
  }
});

test('the catalogue has the 172 keys of xl and no other', (t) => {
  const {keys} = readJsonFixture<{keys: {key: string}[]}>('config', 'xl-cfg-keys.json');
  t.deepEqual([...KEYS.keys()].sort(), keys.map(({key}) => key).sort());
  t.is(KEYS.size, 172);
});
