import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {PVSIM, run} from '../support/run.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const refusals: readonly [title: string, args: readonly string[], message: RegExp, status: number][] = [
  ['a file that is not there', ['grub', '--memdisk', 'nowhere'], /^pvsim: nowhere: No such file or directory\n$/, 1],
  ['a directory', ['grub', '--memdisk', 'directory'], /^pvsim: directory: .*\n$/, 1],
  ['two files of one name', ['grub', '--memdisk', 'a', 'directory/a'], /^pvsim: --memdisk names two files a\n$/, 1],
  ['another root', ['debian', '--root', 'xfs'], /^pvsim: invalid values: .*root.*\n$/, 2],
  ['no image', [], /^pvsim: a command is missing; see "pvsim --help"\n$/, 2],
];

for (const [title, args, message, status] of refusals) {
  test(`pvsim image build refuses ${title} in a line`, async (t) => {
    const dir = temporaryDirectory(t);
    mkdirSync(join(dir, 'directory'));
    for (const file of ['a', 'directory/a']) writeFileSync(join(dir, file), '');
    const outcome = await run(PVSIM, ['image', 'build', ...args], {}, dir);
    t.regex(outcome.stderr, message);
    t.is(outcome.status, status);
    t.is(outcome.stdout, '');
  });
}
