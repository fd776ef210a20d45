import {escapeMarkup} from '../../conform/report/escape.ts';
import {drivers} from '../drivers/index.ts';
import {DOM0_CPUS} from '../model-point.ts';
import {deviceNames} from '../point.ts';
import {type BenchResults, modelNameOf, type PointResult} from '../result.ts';
import {devicePlots} from './device-plots.ts';
import {donePoints} from './done-points.ts';
import {headlines} from './headlines.ts';
import {pointTable} from './point-table.ts';
import {style} from './style.ts';

/** One file with everything in it: plots, tables, prices, and how to do it again. No script, nothing to fetch. */
export const htmlReport = (results: BenchResults): string => {
  const devices = deviceNames.filter((device) => results.results.some(({point}) => point.device === device));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Paravirtual against emulated I/O</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Paravirtual against emulated I/O</h1>
${incomplete(results)}
${legendOfKinds(results)}
${headlines(donePoints(results), modelNameOf(results))}
</header>
<main>
${devices.map((device) => deviceSection(device, results)).join('\n')}
${priceSection(results)}
${repeatSection(results)}
</main>
</body>
</html>
`;
};

const incomplete = ({results}: BenchResults): string => {
  const missing = results.filter(({state}) => state !== 'done').length;
  return missing === 0
    ? ''
    : `<p class="warning">Incomplete: ${missing} of ${results.length} points failed or were not run. The tables say which.</p>`;
};

const legendOfKinds = ({priceList, setup}: BenchResults): string => `<dl class="kinds">
<div class="counted"><dt>Counted</dt><dd>by the hosts' ledgers: the same on every machine</dd></div>
<div class="modelled"><dt>Modelled</dt><dd>from what is counted and the price list ${escapeMarkup(priceList.name)}, with ${DOM0_CPUS} CPUs for dom0; ${escapeMarkup(setup.what)}</dd></div>
<div class="measured"><dt>Measured</dt><dd>what pvsim itself took on this machine, simulation of both ends included</dd></div>
</dl>`;

const deviceSection = (device: string, results: BenchResults): string => {
  const own = results.results.filter(({point}) => point.device === device);
  const done = donePoints(results).filter(({point}) => point.device === device);
  const plots = devicePlots(done, modelNameOf(results)).map((svg) => `<figure>${svg}</figure>`);
  return `<section id="${device}">
<h2>${device}</h2>
${driverNotes(own)}
<div class="plots">
${plots.join('\n')}
</div>
<details${done.length < own.length ? ' open' : ''}><summary>All ${own.length} points</summary>
${pointTable(own, modelNameOf(results))}
</details>
</section>`;
};

/** What is behind the names. */
const driverNotes = (results: readonly PointResult[]): string => {
  const used = drivers.filter(({device, name}) =>
    results.some(({point}) => point.device === device && point.driver === name),
  );
  return `<ul class="drivers">${used.map(({name, about}) => `<li><b>${name}</b> ${escapeMarkup(about)}</li>`).join('')}</ul>`;
};

const priceSection = ({priceList}: BenchResults): string => {
  const rows = Object.entries(priceList.prices).map(
    ([name, {ns, certainty, source}]) =>
      `<tr><td>${escapeMarkup(name)}</td><td>${escapeMarkup(String(Number(ns.toPrecision(4))))}</td><td>${escapeMarkup(certainty)}</td><td>${escapeMarkup(source)}</td></tr>`,
  );
  return `<section id="prices">
<h2>Price list ${escapeMarkup(priceList.name)}</h2>
<p>${escapeMarkup(priceList.source)}</p>
<div class="scroll"><table class="prices">
<thead><tr><th>price</th><th>ns</th><th>certainty</th><th>source</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>
</section>`;
};

const repeatSection = ({command, seed, pvsim, commit, node}: BenchResults): string => `<section id="repeat">
<h2>Again</h2>
<pre>${escapeMarkup(command)}</pre>
<p>Seed ${seed}, pvsim ${escapeMarkup(pvsim)}${commit === undefined ? '' : `, commit ${escapeMarkup(commit)}`}, Node ${escapeMarkup(node)}. What is counted and modelled comes out the same, digit for digit.</p>
</section>`;
