import {parentPort, workerData} from 'node:worker_threads';
import {parsePriceList} from '../../hypervisor/cost/index.ts';
import {DEFAULT_SETUP, findSetup} from './bench-setup.ts';
import {findDriver} from './drivers/index.ts';
import type {BenchPoint} from './point.ts';
import {runPoint} from './run-point.ts';
import type {RunTerms} from './runner.ts';

const {seed, price, setup} = workerData as RunTerms;
const terms = {list: parsePriceList(price), setup: findSetup(setup) ?? DEFAULT_SETUP};

parentPort?.on('message', (point: BenchPoint) => {
  void runPoint(findDriver(point), point, seed, terms).then((result) => parentPort?.postMessage(result));
});
