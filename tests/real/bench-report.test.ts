import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {ExecutionContext} from 'ava';
import {PVSIM, run} from '../support/run.ts';
import {realTest} from '../support/real.ts';
import {temporaryDirectory} from '../support/temporary.ts';

/** Longer than a browser takes on a machine that does much else. */
const LIMIT_MS = 90_000;
const PNG_SIGNATURE = '89504e470d0a1a0a';

interface Seen {
  readonly stdout: string;
  readonly stderr: string;
}

/** What Debian's Chromium makes of a page, with a profile of its own. */
const browse = (t: ExecutionContext, directory: string, page: string, ...args: readonly string[]): Seen => {
  const own = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    `--user-data-dir=${join(directory, 'profile')}`,
    '--window-size=1280,2000',
    // Console messages, errors of scripts and of loading among them, come on stderr.
    '--enable-logging=stderr',
  ];
  const {stdout, stderr, status} = spawnSync('chromium', [...own, ...args, pathToFileURL(page).href], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  t.is(status, 0, stderr);
  return {stdout, stderr};
};

const countOf = (text: string, what: RegExp): number => [...text.matchAll(what)].length;

realTest('chromium', 'a report shows its plots in a browser, without errors, and asks for nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const [report, json] = ['report.html', 'results.json'].map((name) => join(directory, name));
  const bench = await run(PVSIM, ['bench', 'console', '--report', report, '--json', json], {});
  t.is(bench.status, 0, bench.stderr);

  const {stdout: dom, stderr} = browse(t, directory, report, '--dump-dom');
  t.is(countOf(dom, /<figure><svg /g), 4);
  const {results} = JSON.parse(readFileSync(json, 'utf8')) as {results: readonly unknown[]};
  // Two plots over size have a dot a point; bars have their sums.
  t.is(countOf(dom, /<circle [^>]*><title>/g), 2 * results.length);
  t.true(countOf(dom, /<rect [^>]*><title>/g) > 6);
  t.notRegex(stderr, /CONSOLE/);

  const picture = join(directory, 'report.png');
  browse(t, directory, report, `--screenshot=${picture}`);
  const png = readFileSync(picture);
  t.is(png.subarray(0, 8).toString('hex'), PNG_SIGNATURE);
  t.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1280, 2000]);
  // A page without anything on it is a few kB.
  t.true(png.length > 30_000, String(png.length));
});

realTest(
  'chromium',
  'a report that asked for something would be refused it, and the test above would see that',
  async (t) => {
    const directory = temporaryDirectory(t);
    const report = join(directory, 'report.html');
    const bench = await run(PVSIM, ['bench', 'console', '--sizes', '1', '--report', report], {});
    t.is(bench.status, 0, bench.stderr);
    writeFileSync(report, readFileSync(report, 'utf8').replace('<main>', '<main><img src="http://127.0.0.1:9/">'));
    t.regex(browse(t, directory, report, '--dump-dom').stderr, /CONSOLE.*Content Security Policy/);
  },
);
