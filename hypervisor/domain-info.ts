import type {DomId} from './ids.ts';

/** Public state of a domain: a plain value, replaced at every change. @see domctl.h, getdomaininfo */
export interface DomainInfo {
  readonly domid: DomId;
  /** xen_domain_handle_t as a UUID string. */
  readonly handle: string;
  readonly vcpus: number;
  readonly totalPages: number;
  readonly maxPages: number;
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
  type: 'created' | 'paused' | 'unpaused' | 'shutdown' | 'dying' | 'destroyed';
  domid: DomId;
  info: DomainInfo;
}
