export {type HeaderName, type PciIdentity} from './config-header.ts';
export {type PciBar, PciFunction, type PciFunctionOptions} from './pci-function.ts';
