export type {FaultCounts} from './fault-lane.ts';
export {formatNetFaults, type NetFaults, parseNetFaults} from './net-faults.ts';
export {PortFaults} from './port-faults.ts';
