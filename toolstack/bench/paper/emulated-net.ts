import {type Modelled, modelWork, type PriceList} from '../../../hypervisor/cost/index.ts';
import type {Counter} from './counter.ts';
import type {Setup} from './setups.ts';
import {netRx, netTx, timeOf} from './software.ts';

const NS_PER_S = 1e9;

export interface EthernetLoad {
  readonly setup: Setup;
  /** "pv", or an emulated NIC. */
  readonly driver: string;
  readonly operation: 'tx' | 'rx';
  /** Without a FCS. */
  readonly frameBytes: number;
  /** What the wire carries at most, of `frameBytes`. */
  readonly linkBytesPerSec?: number;
}

/** Software of tables that compare NICs. */
export const ethernetSoftware = [netTx, netRx];

/**
 * Frames that are counted together. An emulated NIC sends within the access that starts it, and its interrupt comes when that
 * has ended: each frame has its own. What is received comes in bursts, while the guest is busy with what came before.
 */
const batches = {pv: {tx: 64, rx: 64}, emulated: {tx: 1, rx: 8}};
const UNDER_WAY = {pv: 64, emulated: 4};

/** Frames between a guest and the network, by a NIC of any kind that is kept busy. */
export const modelEthernet = async (
  {setup, driver, operation, frameBytes, linkBytesPerSec}: EthernetLoad,
  counter: Counter,
  list: PriceList = counter.list,
): Promise<Modelled> => {
  const kind = driver.startsWith('pv') ? 'pv' : 'emulated';
  const depth = batches[kind][operation];
  const work = await counter.count({device: 'net', driver, operation, sizeBytes: frameBytes, depth});
  const softwareNs = timeOf({tx: netTx, rx: netRx}[operation], setup);
  return modelWork(work, UNDER_WAY[kind], list, {
    guestNs: softwareNs,
    backendNs: softwareNs,
    device: linkBytesPerSec === undefined ? undefined : {serviceNs: (frameBytes / linkBytesPerSec) * NS_PER_S},
  });
};
