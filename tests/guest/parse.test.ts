import test from 'ava';
import {expandWords, parseShellLine} from '../../frontends/guest/shell/parse.ts';

/** "when:word|word" for each command of the line, `$?` being 7. */
const shape = (line: string): string[] =>
  parseShellLine(line).map(({when, words}) => `${when}:${expandWords(words, 7).join('|')}`);

const lines: [line: string, ...commands: string[]][] = [
  [''],
  ['   \t '],
  ['# all of it'],
  ['lsblk', 'always:lsblk'],
  ['  dd  if=/dev/xvda   bs=4k ', 'always:dd|if=/dev/xvda|bs=4k'],
  ['a;b ; c;', 'always:a', 'always:b', 'always:c'],
  ['a && b || c; d', 'always:a', 'success:b', 'failure:c', 'always:d'],
  ['a&&b', 'always:a', 'success:b'],
  ['a # b; c', 'always:a'],
  ['a#b', 'always:a#b'],
  [`echo 'a b' "c  d"`, 'always:echo|a b|c  d'],
  [`echo a'b'"c"d`, 'always:echo|abcd'],
  [`echo '' ""`, 'always:echo||'],
  [`echo 'a;b && c'`, 'always:echo|a;b && c'],
  [`echo a\\ b \\; \\'`, `always:echo|a b|;|'`],
  [`echo "a\\"b\\\\c\\d"`, 'always:echo|a"b\\c\\d'],
  [`echo 'a\\b'`, 'always:echo|a\\b'],
  [`echo $? "$?" '$?' \\$?`, 'always:echo|7|7|$?|$?'],
  ['echo $x $', 'always:echo|$x|$'],
  ['echo a\\', 'always:echo|a\\'],
];

for (const [line, ...commands] of lines) {
  test(`line ${JSON.stringify(line)}`, (t) => t.deepEqual(shape(line), commands));
}

const errors: [line: string, message: string][] = [
  [`echo 'a`, 'syntax error: unterminated quoted string'],
  [`echo "a`, 'syntax error: unterminated quoted string'],
  ['a | b', 'syntax error: "|" is not supported by this shell'],
  ['a > b', 'syntax error: ">" is not supported by this shell'],
  ['a & b', 'syntax error: "&" is not supported by this shell'],
  [';', 'syntax error: ";" unexpected'],
  ['a ;; b', 'syntax error: ";" unexpected'],
  ['&& a', 'syntax error: "&&" unexpected'],
  ['a &&', 'syntax error: "&&" without a command after it'],
  ['a || ', 'syntax error: "||" without a command after it'],
];

for (const [line, message] of errors) {
  test(`line ${JSON.stringify(line)} is refused`, (t) => void t.throws(() => parseShellLine(line), {message}));
}
