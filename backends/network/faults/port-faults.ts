import type {HypervisorOps} from '../../../hypervisor/ops.ts';
import type {FrameBatch} from '../frame-batch.ts';
import {type FaultCounts, FaultLane} from './fault-lane.ts';
import type {NetFaults} from './net-faults.ts';

export interface PortFaultsOptions {
  ops: HypervisorOps;
  faults: NetFaults;
  counts: FaultCounts;
  /** Take what goes into the bridge, and what comes out of it. */
  takeIn: (batch: FrameBatch) => void;
  takeOut: (batch: FrameBatch) => void;
}

/** Faults of one port, in both directions. */
export class PortFaults {
  readonly in: FaultLane;
  readonly out: FaultLane;

  constructor({ops, faults, counts, takeIn, takeOut}: PortFaultsOptions) {
    const seed = faults.seed ?? ops.schedule.random();
    this.in = new FaultLane(ops, faults, seed, counts, takeIn);
    this.out = new FaultLane(ops, faults, seed + 1, counts, takeOut);
  }

  close(): void {
    this.in.close();
    this.out.close();
  }
}
