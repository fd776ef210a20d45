import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {NS_PER_S} from '../../hypervisor/schedule/index.ts';
import type {NetFaults} from './faults/index.ts';

export interface BridgeOptions {
  /** "xenbr0" */
  name: string;
  /** Of the domain that runs the bridge: all frames lie in its memory. */
  ops: HypervisorOps;
  /** How long a learned address is good for, by default 300 s as IEEE 802.1D says. */
  ageingNs?: number;
  /** Addresses learned at most; those beyond it are flooded. */
  maxAddresses?: number;
  maxPorts?: number;
  /** What goes wrong at each port that has no faults of its own. */
  faults?: NetFaults;
}

/** An address and the port behind which it is. */
export interface BridgeAddress {
  /** "00:16:3e:00:00:01" */
  readonly mac: string;
  /** 0 without VLANs. */
  readonly vlan: number;
  readonly port: string;
  /** The port's own address. */
  readonly isLocal: boolean;
  /** Since it was last a source; 0 for a local one. */
  readonly ageNs: number;
}

export const DEFAULT_AGEING_NS = 300 * NS_PER_S;
export const DEFAULT_MAX_ADDRESSES = 16384;
export const DEFAULT_MAX_PORTS = 4096;
