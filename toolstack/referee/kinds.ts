import {
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateReconfigured,
  XenbusStateReconfiguring,
} from '../../hypervisor/abi/io/xenbus.ts';
import {blkif_ring} from '../../hypervisor/abi/io/blkif.ts';
import {netif_rx_ring, netif_tx_ring, xen_netif_ctrl_ring} from '../../hypervisor/abi/io/netif.ts';
import type {RingTypes} from '../../hypervisor/abi/io/ring.ts';
import {vscsiif_ring} from '../../hypervisor/abi/io/vscsiif.ts';
import {nextStates, type XenbusRole, type XenbusState} from '../../hypervisor/xenbus/index.ts';
import {blockMessages} from './messages/block.ts';
import {echoMessages} from './messages/echo.ts';
import type {MakeMessages} from './messages/judge.ts';
import {netControlMessages} from './messages/net-control.ts';
import {netRxMessages} from './messages/net-rx.ts';
import {netTxMessages} from './messages/net-tx.ts';
import type {Consumption} from './ring-side.ts';

/** One ring of a device, or of each of its queues. */
export interface RingKind {
  /** "ring-ref"; with a number behind it where a ring has several pages. */
  readonly refNode: string;
  /** The first of these nodes that is there names the ring's event channel. */
  readonly portNodes: readonly string[];
  /** There is one for the whole device, or none. */
  readonly isOptional?: boolean;
  readonly types: RingTypes;
  readonly messages: MakeMessages;
  /** How the backend takes requests, and how the frontend takes responses. */
  readonly backend: Consumption;
  readonly frontend: Consumption;
}

/** What a protocol adds to the xenbus states: when who publishes what. */
export interface DeviceKind {
  readonly rings: readonly RingKind[];
  /** The state in which the frontend has published its rings. */
  readonly announcedIn: XenbusState;
  /** The backend's before InitWait, which a frontend reads there to plan its rings. */
  readonly offers: readonly string[];
  /** The backend's before Connected. */
  readonly properties: readonly string[];
  /** The frontend is Connected before the backend is. */
  readonly frontendFirst: boolean;
  /** Parts of the device come and go while it is connected, by Reconfiguring and Reconfigured. */
  readonly reconfigures: boolean;
  /** Where pages are offered is known: the rings' messages tell of all. */
  readonly tellsPages: boolean;
}

const ring = (types: RingTypes, messages: MakeMessages): RingKind => ({
  refNode: 'ring-ref',
  portNodes: ['event-channel'],
  types,
  messages,
  backend: 'answers',
  frontend: 'takes',
});

/** A network interface has a ring each way. Its frontend may be down, and takes what was sent when it needs the room. */
const netRing = (types: RingTypes, messages: MakeMessages, direction: string, backend: Consumption): RingKind => ({
  refNode: `${direction}-ring-ref`,
  portNodes: [`event-channel-${direction}`, 'event-channel'],
  types,
  messages,
  backend,
  frontend: 'delays',
});

/** One for all queues of an interface, if the frontend wants it. @see netif.h, "feature-ctrl-ring" */
const controlRing: RingKind = {
  ...ring(xen_netif_ctrl_ring, netControlMessages),
  refNode: 'ctrl-ring-ref',
  portNodes: ['event-channel-ctrl'],
  isOptional: true,
};

/** By the name of the directory. @see blkif.h, netif.h, vscsiif.h and console.h */
export const deviceKinds: Readonly<Record<string, DeviceKind | undefined>> = {
  vbd: {
    rings: [ring(blkif_ring, blockMessages)],
    announcedIn: XenbusStateInitialised,
    offers: ['max-ring-page-order', 'multi-queue-max-queues'],
    properties: ['sectors', 'sector-size', 'info'],
    frontendFirst: false,
    reconfigures: false,
    tellsPages: true,
  },
  vif: {
    rings: [
      netRing(netif_tx_ring, netTxMessages, 'tx', 'answers'),
      netRing(netif_rx_ring, netRxMessages, 'rx', 'keeps'),
      controlRing,
    ],
    announcedIn: XenbusStateConnected,
    offers: ['feature-sg', 'feature-rx-copy', 'feature-split-event-channels', 'multi-queue-max-queues'],
    properties: [],
    frontendFirst: true,
    reconfigures: false,
    tellsPages: true,
  },
  vscsi: {
    rings: [ring(vscsiif_ring, echoMessages('VSCSI-REQ-01'))],
    announcedIn: XenbusStateInitialised,
    offers: ['feature-sg-grant'],
    properties: [],
    frontendFirst: false,
    reconfigures: true,
    tellsPages: false,
  },
  // Consoles beside the first, which has no states. Its page has no indexes of requests. @see console.txt
  console: {
    rings: [],
    announcedIn: XenbusStateInitialised,
    offers: [],
    properties: [],
    frontendFirst: false,
    reconfigures: false,
    tellsPages: false,
  },
};

const RECONFIGURATION: ReadonlySet<XenbusState> = new Set([XenbusStateReconfiguring, XenbusStateReconfigured]);

/** Where an end of a device of that kind may go from a state, other than stay. */
export const legalStates = (type: string, role: XenbusRole, from: XenbusState): readonly XenbusState[] => {
  const next = nextStates(role, from);
  if (deviceKinds[type]?.reconfigures !== false) return next;
  return RECONFIGURATION.has(from) ? [] : next.filter((state) => !RECONFIGURATION.has(state));
};
