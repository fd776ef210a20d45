export {Domain, HYPERVISOR_FRAMES} from './domain.ts';
export type {DomainEvent, DomainInfo, DomainTable} from './domain-info.ts';
export * from './errno.ts';
export {type DomainOptions, Hypervisor, type HypervisorOptions} from './hypervisor.ts';
export * from './ids.ts';
export type {HypervisorOps} from './ops.ts';
