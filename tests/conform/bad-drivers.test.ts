import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {loadModule} from '../../toolstack/conform/iut/module.ts';
import {runJobs} from '../../toolstack/conform/run/pool.ts';
import {termsOf} from '../../toolstack/conform/run/runner.ts';
import type {Result} from '../../toolstack/conform/verdict.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const write = (t: ExecutionContext, text: string, name = 'driver.ts'): string => {
  const path = join(temporaryDirectory(t), name);
  writeFileSync(path, text);
  return path;
};

/** A block frontend whose probe does that. */
const frontend = (body: string): string => `export const role = 'frontend';
export const type = 'vbd';
export default () => ({type, probe: (device: any) => {${body}}});
`;

const run = (t: ExecutionContext, body: string, limitMs?: number): Promise<Result[]> =>
  runJobs({
    iut: {kind: 'module', path: write(t, frontend(body))},
    iutName: 'driver',
    jobs: ['RING-LAY-01 frontend/vbd', 'RING-LAY-05 frontend/vbd'].map((check) => ({check, seed: 1})),
    threads: 1,
    limitMs,
  });

/** Long enough to fill memory on a machine that has much else to do. */
const SLOW_MS = 60_000;

const drivers: readonly [title: string, body: string, verdict: string, reason: RegExp, limitMs?: number][] = [
  ['loops for ever', 'for (;;);', 'error', /^no verdict within 2 s$/, 2000],
  [
    'uses up its heap',
    'const all = []; for (;;) all.push(new Array(1e7).fill({}));',
    'error',
    /^out of memory/,
    SLOW_MS,
  ],
  [
    'uses up memory that is not heap',
    'const all = []; for (;;) all.push(new Uint8Array(1e8).fill(1));',
    'error',
    /^out of memory/,
    SLOW_MS,
  ],
  [
    'says what it likes to the runner',
    'for (const it of [7, null, {}, {kind: 8}]) process.send(it); process.exit()',
    'error',
    /status 0$/,
  ],
  [
    'throws in a task',
    'device.ops.schedule.post(() => {throw new Error("oops")}); return {}',
    'inconclusive',
    /no ring/,
  ],
  ['ends the process', 'process.exit(3)', 'error', /^it ended the process that it ran in: status 3$/],
  ['does nothing', 'return {otherEndChanged: () => {}, remove: () => {}}', 'inconclusive', /published no ring/],
  [
    'writes garbage',
    'void device.publish({"ring-ref": "-5", "event-channel": "x"}).then(() => device.switchState(3)); return {otherEndChanged: () => {}, remove: () => {}}',
    'fail',
    /ring-ref/,
  ],
];

for (const [title, body, verdict, reason, limitMs] of drivers) {
  test.serial(`a driver that ${title} gets a verdict for each clause, and the run goes on`, async (t) => {
    t.timeout(2 * SLOW_MS);
    const results = await run(t, body, limitMs);
    t.deepEqual(
      results.map((result) => result.verdict),
      [verdict, verdict],
      JSON.stringify(results[0].reason),
    );
    t.regex(results[0].reason ?? results[0].seen ?? '', reason);
    t.is(results[1].clause, 'RING-LAY-05');
  });
}

test('a module that is no driver is refused in a line', async (t) => {
  const cases: [string, RegExp][] = [
    ['export const role = "frontend";', /default export is not a function/],
    [
      'export const role = "middle"; export const type = "vbd"; export default () => {};',
      /middle\/vbd; there are checks for/,
    ],
    ['this is no module', /driver\.ts: /],
  ];
  for (const [text, message] of cases)
    await t.throwsAsync(loadModule(write(t, text)), {message, name: 'ToolstackError'});
  await t.throwsAsync(loadModule('missing.js'), {message: /missing\.js/});
});

test('a module that does harm when it is loaded is refused in a line', async (t) => {
  const cases: [string, RegExp, number?][] = [
    ['for (;;);', /^pvsim: not loaded within 2 s$/, 2000],
    ['process.exit(3);', /status 3$/],
    ['const all = []; for (;;) all.push(new Array(1e7).fill({}));', /out of memory/],
  ];
  for (const [text, message, limitMs] of cases)
    await t.throwsAsync(termsOf({kind: 'module', path: write(t, text)}, limitMs), {message, name: 'ToolstackError'});
});
