import {between, flag, oneOf, type TuningReaders} from '../../hypervisor/xenbus/index.ts';

/** Which multicast control is offered: none, one that is fixed with the connection, or one that may change at any time. */
const multicastControls = ['off', 'fixed', 'dynamic'] as const;

/** What netback offers for one interface. Each can be turned off to see what a frontend does without it. */
export interface NetFeatures {
  /** feature-sg: packets of several slots. */
  sg: boolean;
  /** feature-gso-tcpv4 and feature-gso-tcpv6: TCP packets that are still to be cut into segments. */
  gso4: boolean;
  gso6: boolean;
  /** TCP and UDP without a checksum: over IPv4 unless feature-no-csum-offload, over IPv6 if feature-ipv6-csum-offload. */
  csum4: boolean;
  csum6: boolean;
  /** feature-split-event-channels */
  split: boolean;
  /** multi-queue-max-queues, 1..16. */
  queues: number;
  /** feature-multicast-control and feature-dynamic-multicast-control */
  multicast: (typeof multicastControls)[number];
  /** feature-ctrl-ring */
  ctrl: boolean;
  /** feature-xdp-headroom */
  xdp: boolean;
  /** Parts of packets longer than this many bytes are mapped, shorter ones copied. */
  copybreak: number;
  /** How long a frame waits for the guest to post room, in ms. */
  drain: number;
  /** After how long without room the guest is taken for stuck, in s; 0: never. */
  stall: number;
}

/** As Linux's netback has them in a dom0 with one CPU; copies are cheaper here than maps, at any length. */
export const defaultFeatures: NetFeatures = {
  sg: true,
  gso4: true,
  gso6: true,
  csum4: true,
  csum6: true,
  split: true,
  queues: 1,
  multicast: 'dynamic',
  ctrl: true,
  xdp: true,
  copybreak: 4096,
  drain: 10_000,
  stall: 60,
};

export const featureReaders: TuningReaders<NetFeatures> = {
  sg: flag,
  gso4: flag,
  gso6: flag,
  csum4: flag,
  csum6: flag,
  split: flag,
  queues: between(1, 16),
  multicast: oneOf(...multicastControls),
  ctrl: flag,
  xdp: flag,
  copybreak: between(0, 4096),
  drain: between(1, 60_000),
  stall: between(0, 3600),
};

/** What is published before InitWait, in the order of Linux's netback. @see netif.h */
export const offerNodes = (features: NetFeatures): Record<string, number> => ({
  ...(features.sg && {'feature-sg': 1}),
  ...(features.sg && features.gso4 && {'feature-gso-tcpv4': 1}),
  ...(features.sg && features.gso6 && {'feature-gso-tcpv6': 1}),
  ...(!features.csum4 && {'feature-no-csum-offload': 1}),
  ...(features.csum6 && {'feature-ipv6-csum-offload': 1}),
  'feature-rx-copy': 1,
  ...(features.xdp && {'feature-xdp-headroom': 1}),
  'feature-rx-flip': 0,
  ...(features.multicast !== 'off' && {'feature-multicast-control': 1}),
  ...(features.multicast === 'dynamic' && {'feature-dynamic-multicast-control': 1}),
  'feature-split-event-channels': features.split ? 1 : 0,
  'multi-queue-max-queues': features.queues,
  ...(features.ctrl && {'feature-ctrl-ring': 1}),
});
