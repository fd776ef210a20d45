// Writes docs/conformance-matrix.md: our own implementation, the real C xenstored, with PVSIM_TEST_DEBIAN=DIR the Linux that
// "pvsim image build debian --out DIR" has put there, and the saved reports that are named.
//   npm run matrix [-- mirage.json ...]
import {spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const PAGE = 'docs/conformance-matrix.md';
const directory = mkdtempSync(join(tmpdir(), 'pvsim-matrix-'));
process.once('exit', () => rmSync(directory, {recursive: true, force: true}));
const [own, store, linux, tables] = ['own.json', 'store.json', 'linux.json', 'tables.md'].map((name) =>
  join(directory, name),
);

/** A run that finds something broken has its report all the same. */
const run = (command, args, result, env = {}) => {
  spawnSync(command, args, {stdio: ['ignore', 'inherit', 'inherit'], env: {...process.env, ...env}});
  if (existsSync(result)) return;
  console.error(`${[command, ...args].join(' ')}: made no report`);
  process.exit(1);
};
const conform = (...args) => ['dist/toolstack/pvsim/main.js', 'conform', ...args];

run(process.execPath, conform('run', '--format', 'json', '--out', own), own);
run('node_modules/.bin/ava', ['dist/tests/real/conform-xenstored.test.js'], store, {PVSIM_CONFORM_REPORT: store});
const reports = [own, store];
const debian = process.env.PVSIM_TEST_DEBIAN;
if (debian !== undefined) {
  const files = ['--kernel', join(debian, 'vmlinuz'), '--initrd', join(debian, 'initrd.img')];
  run(process.execPath, conform('run', ...files, '--format', 'json', '--out', linux), linux);
  reports.push(`Linux 6.1=${linux}`);
}
run(process.execPath, conform('matrix', ...reports, ...process.argv.slice(2), '--out', tables), tables);

const head = `# Matrix of clauses

Clauses by implementations, written by \`npm run matrix\`; [conformance.md](conformance.md) tells what the verdicts mean and why an
implementation does otherwise. \`pvsim conform show CLAUSE\` prints a rule whole.

`;
writeFileSync(PAGE, head + readFileSync(tables, 'utf8'));
