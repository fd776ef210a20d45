import test from 'ava';
import {htmlReport} from '../../toolstack/bench/report/html.ts';
import {mainPlot} from '../../toolstack/bench/report/main-plot.ts';
import {done, pointOf, prices} from './point.ts';
import {resultsOf} from './results.ts';

const sweep = async () => [
  await done(pointOf({sizeBytes: 512})),
  await done(pointOf()),
  await done(pointOf({driver: 'pv-map', sizeBytes: 512})),
  await done(pointOf({driver: 'pv-map'})),
];

const found = (text: string, what: RegExp): string | undefined => what.exec(text)?.[0];

const countOf = (text: string, what: string): number => text.split(what).length - 1;

test('a report is one file: plots as SVG, no script, nothing to fetch', async (t) => {
  const html = htmlReport(resultsOf(await sweep()));
  // Throughput and latency over size; the ledger of an I/O counted and priced.
  t.is(countOf(html, '<figure>'), 4);
  t.is(countOf(html, '<svg'), 4);
  t.is(found(html, /<script|<link|<img|src=|url\((?!#)|@import|href=/), undefined);
  t.regex(html, /pvsim bench block --seed 1/);
  t.is(countOf(html, prices.tags.vmexit.source), 1);
});

test('what is modelled is never without the name of its price list', async (t) => {
  const html = htmlReport(resultsOf(await sweep()));
  t.regex(html, /throughput over size, by dall2016-x86/);
  t.regex(html, /<th class="modelled" colspan="3">modelled by dall2016-x86<\/th>/);
});

test('points that are missing are marked, their reasons escaped', async (t) => {
  const reason = '<script>alert("1")</script>';
  const point = pointOf({depth: 2});
  const results = resultsOf([await done(pointOf()), {state: 'failed', point, reason}, {state: 'not run', point}]);
  const html = htmlReport(results);
  t.regex(html, /Incomplete: 2 of 3 points failed or were not run/);
  t.true(html.includes('failed: &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;'));
  t.regex(html, />not run</);
  t.is(found(html, /<script/), undefined);
});

test('a report of nothing but failures stands', (t) => {
  const html = htmlReport(resultsOf([{state: 'failed', point: pointOf(), reason: 'wedged'}]));
  t.regex(html, /failed: wedged/);
  t.is(countOf(html, '<figure>'), 0);
});

test('text from a file of results is escaped', async (t) => {
  const priceList = {name: '"><b>x', source: '<i>', prices: {'<u>': {ns: 1, certainty: '<s>', source: '<q>'}}};
  const html = htmlReport(resultsOf(await sweep(), {priceList, command: '<em>', commit: '<h1>', node: '<h2>'}));
  t.is(found(html, /<b>x|<i>|<u>|<s>|<q>|<em>|<h1><|<h2><\//), undefined);
});

test('the main plot is an SVG that stands alone', async (t) => {
  const svg = mainPlot(resultsOf(await sweep()));
  t.regex(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  t.regex(svg, /prefers-color-scheme:dark/);
});
