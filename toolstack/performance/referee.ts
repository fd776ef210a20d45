import type {BlockRing} from '../../frontends/block/index.ts';
import type {Hypervisor, HypervisorOps} from '../../hypervisor/index.ts';
import {NS_PER_S} from '../../hypervisor/schedule/index.ts';
import {Referee} from '../referee/index.ts';
import {BlockReader, inOrder, noData, type Workload} from './block-reader.ts';
import {type BenchRow, median} from './row.ts';

const WARM_UP_NS = NS_PER_S / 2;
const RUN_NS = NS_PER_S;
const PAIRS = 5;
const DEPTH = 32;

/** Tells a referee of a disk with that ring, as a store would whose nodes both ends had written. */
const announce = (xen: Hypervisor, {domid}: HypervisorOps, {page, port}: BlockRing): void => {
  const referee = new Referee(xen);
  referee.breaches.subscribe(({clause, done}) => {
    throw new Error(`block benchmark: ${clause}: ${done}`);
  });
  const front = `/local/domain/${domid}/device/vbd/51712`;
  const back = `/local/domain/0/backend/vbd/${domid}/51712`;
  const nodes = [
    [`${front}/backend`, back],
    [`${front}/backend-id`, '0'],
    [`${back}/frontend`, front],
    [`${back}/frontend-id`, String(domid)],
    [`${front}/state`, '1'],
    [`${front}/ring-ref`, String(page.ref)],
    [`${front}/event-channel`, String(port)],
    [`${front}/state`, '3'],
  ];
  for (const [path, value] of nodes) {
    const payload = `${path}\0${value}`;
    referee.onRequest({connection: 'bench', serial: 1, domId: 0, type: 'WRITE', txId: 0, payload, reply: 'OK\0'});
  }
};

/** Requests a second. */
const rate = async (workload: Workload): Promise<number> => {
  const reader = new BlockReader(workload);
  await reader.schedule.sleep(WARM_UP_NS);
  const measured = await reader.measure(RUN_NS);
  reader.schedule.close();
  return measured;
};

const compare = async (name: string, workload: Workload): Promise<BenchRow> => {
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const alone = await rate(workload);
    const judged = await rate({...workload, onRing: announce});
    ratios.push(judged / alone);
    rates.push(judged / 1e6);
  }
  const beside = {name: 'with one', value: median(rates), unit: 'M requests/s'};
  return {name: `block: ${name}, with a referee against without`, value: median(ratios), unit: 'of its rate', beside};
};

/** What it costs that every request, grant and event is looked at. */
export const benchReferee = async (): Promise<BenchRow[]> => {
  const workload = {storage: noData, depth: DEPTH, pages: 1, next: inOrder};
  return [
    await compare(`no data, depth ${DEPTH}`, {...workload, persistent: true}),
    await compare(`no data, depth ${DEPTH}, map and unmap`, {...workload, persistent: false}),
    await compare('no data, depth 1', {...workload, depth: 1, persistent: true}),
  ];
};
