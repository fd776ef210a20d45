import {parentPort, workerData} from 'node:worker_threads';
import {parsePriceList} from '../../hypervisor/cost/index.ts';
import {findDriver} from './drivers/index.ts';
import type {BenchPoint} from './point.ts';
import {runPoint} from './run-point.ts';
import type {RunTerms} from './runner.ts';

const {seed, price} = workerData as RunTerms;
const list = parsePriceList(price);

parentPort?.on('message', (point: BenchPoint) => {
  void runPoint(findDriver(point), point, seed, list).then((result) => parentPort?.postMessage(result));
});
