export {Account, Ledger} from './ledger.ts';
export {ioMeterOf} from './ledger-io-meter.ts';
export {opsOfDevice} from './metered-ops.ts';
export {meteredStore} from './metered-store.ts';
export {costByPrimitive, type Demand, demandOf, type Machine, type Modelled, modelWork, type Work} from './model.ts';
export {type Certainty, parsePriceList, type PriceList, PriceListError, type PriceTag} from './price-list.ts';
export {priceLists} from './price-lists.ts';
export {counted, exitNames, type Payer, type Price, type PrimitiveName, primitiveNames, prices} from './primitives.ts';
export {readLedger} from './read-ledger.ts';
export {
  type AccountName,
  type Counts,
  difference,
  type Entry,
  formatEntry,
  type Side,
  sum,
  toRecord,
} from './reading.ts';
export {MAX_REQUESTS, type NetworkLoad, solveNetwork, type Station, type StationLoad} from './queueing-network.ts';
