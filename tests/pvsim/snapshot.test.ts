import {readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {type Outcome, PVSIM, run} from '../support/run.ts';
import {writeIdleKernel} from '../support/suspending-kernel.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const snapshot = async (
  t: ExecutionContext,
  config: string,
  ...args: string[]
): Promise<Outcome & {files: string[]}> => {
  const directory = temporaryDirectory(t);
  const path = (name: string): string => join(directory, name);
  writeIdleKernel(path('idle'));
  writeFileSync(path('x.cfg'), config.replace('IDLE', path('idle')));
  const outcome = await run(PVSIM, ['image', 'snapshot', path('x.cfg'), '-o', path('x.warm'), ...args], {});
  return {...outcome, stderr: outcome.stderr.replaceAll(`${directory}/`, ''), files: readdirSync(directory).sort()};
};

/** What cannot become an image: one line after the progress, and no file. */
const refusals: readonly [title: string, config: string, args: string[], stderr: RegExp][] = [
  [
    'the built-in kernel',
    'name="x"\nkernel="builtin"\n',
    [],
    /^pvsim: booting x\npvsim: saving x\.warm\nlibxl: error: Domain 1:the built-in kernel .* cannot be saved.*\n$/,
  ],
  [
    'a guest that is never ready',
    'name="x"\ntype="pvh"\nkernel="IDLE"\nmemory=8\n',
    ['--timeout', '0.1'],
    /^pvsim: booting x\npvsim: not ready within 0\.1 s:\n\n$/,
  ],
  [
    'a guest that ends',
    'name="x"\nkernel="builtin"\nextra="run=\\"poweroff\\""\n',
    ['--ready', 'nothing that it says'],
    /^pvsim: booting x\npvsim: the guest ended before it was ready:\n/,
  ],
  [
    'a config that has an image',
    'name="x"\nkernel="builtin"\nwarm_image="y"\n',
    [],
    /^pvsim: x\.cfg: has a warm_image already\n$/,
  ],
  [
    'a config with a mistake',
    'name=\n',
    [],
    /^x\.cfg:0: config parsing error .*\nFailed to parse config: Invalid argument\n$/,
  ],
];

for (const [title, config, args, stderr] of refusals) {
  test(`no image is made of ${title}`, async (t) => {
    const outcome = await snapshot(t, config, ...args);
    t.regex(outcome.stderr, stderr);
    t.is(outcome.stdout, '');
    t.not(outcome.status, 0);
    t.deepEqual(outcome.files, ['idle', 'x.cfg']);
  });
}
