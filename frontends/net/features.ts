import {between, flag, type TuningReaders} from '../../hypervisor/xenbus/index.ts';

/** What netfront takes and makes use of. Each can be turned off, to see how a backend takes that. */
export interface NetFrontFeatures {
  /** feature-sg: received frames of several slots. */
  sg: boolean;
  /** feature-gso-tcpv4 and feature-gso-tcpv6: received TCP packets that were never cut into segments. */
  gso4: boolean;
  gso6: boolean;
  /** Received TCP and UDP without a checksum: over IPv4 unless feature-no-csum-offload, over IPv6 if feature-ipv6-csum-offload. */
  csum4: boolean;
  csum6: boolean;
  /** Event channels for each direction, where the backend has feature-split-event-channels. */
  split: boolean;
  /** multi-queue-num-queues, 1..16, as far as the backend has them. */
  queues: number;
  /** Has the backend hash frames and spread them by the hash, where it has feature-ctrl-ring. */
  hash: boolean;
  /** Has the backend keep all pages of the rings mapped, where it has feature-ctrl-ring. @see netif.h, "Static Grants" */
  staticGrants: boolean;
  /** xdp-headroom: bytes that the backend leaves free in each page, where it has feature-xdp-headroom. */
  headroom: number;
  /** request-multicast-control: the backend sends no multicast but that of groups which were joined. */
  multicast: boolean;
}

/** As Linux's netfront has them on one CPU. */
export const defaultFrontFeatures: NetFrontFeatures = {
  sg: true,
  gso4: true,
  gso6: true,
  csum4: true,
  csum6: true,
  split: true,
  queues: 1,
  hash: false,
  staticGrants: false,
  headroom: 0,
  multicast: false,
};

export const frontFeatureReaders: TuningReaders<NetFrontFeatures> = {
  sg: flag,
  gso4: flag,
  gso6: flag,
  csum4: flag,
  csum6: flag,
  split: flag,
  queues: between(1, 16),
  hash: flag,
  staticGrants: flag,
  headroom: between(0, 2048),
  multicast: flag,
};
