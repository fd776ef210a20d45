export {type BootOptions, bootGuest} from './boot.ts';
export {consoleNodes} from './console.ts';
export {removeDomainNodes, writeBuiltDomain, writeDomainSkeleton} from './domain-nodes.ts';
export {type KernelImage, loadKernel} from './kernel.ts';
export {buildSpecialPages, FIRST_FREE_GFN, programMemory, type SpecialPages} from './memory.ts';
export {type DeviceNodes, prune, removeDevice, writeDevice} from './nodes.ts';
export {vbdNodes} from './vbd.ts';
export {vifNodes} from './vif.ts';
