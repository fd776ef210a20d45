export {consoleNodes} from './console.ts';
export {removeDomainNodes, writeBuiltDomain, writeDomainSkeleton} from './domain-nodes.ts';
export {loadMachine} from './load-machine.ts';
export type {Machine} from './machine.ts';
export {buildSpecialPages, FIRST_FREE_GFN, programMemory} from './memory.ts';
export {type DeviceNodes, prune, removeDevice, writeDevice} from './nodes.ts';
export {type RestoredState, restoredMachine} from './restored-machine.ts';
export {vbdNodes} from './vbd.ts';
export {vifNodes} from './vif.ts';
