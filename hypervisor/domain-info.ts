import type {DomId} from './ids.ts';

/** Public state of a domain: a plain value, replaced at every change. @see domctl.h, getdomaininfo */
export interface DomainInfo {
  readonly domid: DomId;
  /** xen_domain_handle_t as a UUID string. */
  readonly handle: string;
  readonly vcpus: number;
  /** vCPUs that are up. */
  readonly onlineVcpus: number;
  /** Pages that it has now, the memory that xl list shows. */
  readonly totalPages: number;
  /** It may not have more. @see domctl.h, XEN_DOMCTL_max_mem */
  readonly maxPages: number;
  /** Frames that it sees but was not given: those it gives back first. @see memory.h, XENMEMF_populate_on_demand */
  readonly podPages: number;
  readonly paused: boolean;
  /** Stopped itself; see shutdownReason. */
  readonly shutdown: boolean;
  /** SHUTDOWN_* */
  readonly shutdownReason: number | undefined;
  readonly dying: boolean;
  /** Host time of creation. */
  readonly createdNs: number;
}

export type DomainTable = ReadonlyMap<DomId, DomainInfo>;

/** One step of a domain's life. `info` is the state after it; of 'destroyed' the last one before. */
export interface DomainEvent {
  type: 'created' | 'paused' | 'unpaused' | 'shutdown' | 'resumed' | 'dying' | 'destroyed';
  domid: DomId;
  info: DomainInfo;
}
