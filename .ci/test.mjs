// The whole test command: lint, format, unused code, then the tests, closing with a line "N passed, N failed".
import {spawn, spawnSync} from 'node:child_process';

const checks = [
  ['oxlint', ['--type-aware', '--deny-warnings']],
  ['prettier', ['--check', '.', '--log-level', 'warn']],
  ['knip', []],
];

let failed = 0;
let passed = 0;
for (const [tool, args] of checks) {
  const {status} = spawnSync(`node_modules/.bin/${tool}`, args, {stdio: 'inherit'});
  if (status === 0) passed++;
  else failed++;
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${tool}`);
}

const ava = spawn('node_modules/.bin/ava', process.argv.slice(2), {stdio: ['ignore', 'pipe', 'inherit']});
let counted = '';
ava.stdout.on('data', (chunk) => {
  process.stdout.write(chunk);
  counted += chunk;
});
ava.on('close', (status) => {
  const count = (pattern) => counted.match(pattern)?.length ?? 0;
  passed += count(/^ +\u2714 /gm);
  // What fails without being a test (a file that does not load, an uncaught exception) is a failure all the same.
  failed += status === 0 ? 0 : Math.max(1, count(/^ +\u2718 /gm));
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
});
