import type {HypervisorOps} from '../../hypervisor/index.ts';
import type {XsTransport} from '../../hypervisor/xenstore/index.ts';
import {Seam} from '../conform/seam/seam.ts';
import type {SideMutant, SimMutant} from './mutants.ts';

/** The drivers of one side: a fault that is seeded there lies around all they can touch. */
export interface Side {
  readonly ops: HypervisorOps;
  transport(inner: XsTransport): XsTransport;
}

export const sideOf = (ops: HypervisorOps, side: SideMutant['side'], mutant: SimMutant | undefined): Side =>
  mutant?.drivers?.side === side ? new Seam(ops, [mutant.drivers.mutant.layer()]) : {ops, transport: (inner) => inner};
