import {
  XenbusStateClosed,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
} from '../../hypervisor/abi/io/xenbus.ts';
import type {Hypervisor} from '../../hypervisor/index.ts';
import {stateName, type XenbusState} from '../../hypervisor/xenbus/index.ts';
import {readAnnouncement} from './announced-ring.ts';
import type {Breaches} from './breach.ts';
import type {DeviceEnd, WatchedDevice} from './device.ts';
import type {GrantWatch} from './grant-watch.ts';
import {type DeviceKind, deviceKinds} from './kinds.ts';
import type {PortBook} from './port-book.ts';
import type {Rings} from './rings.ts';

/** A frontend's, in which its rings can be used. */
export const IN_USE: ReadonlySet<XenbusState> = new Set([XenbusStateInitialised, XenbusStateConnected]);

export interface ConnectionRuleParts {
  readonly xen: Hypervisor;
  readonly breaches: Breaches;
  readonly grants: GrantWatch;
  readonly rings: Rings;
  readonly ports: PortBook;
}

/** What has to be so when an end goes to a state: what it has published, bound, mapped, or let go of. */
export class ConnectionRules {
  private readonly parts: ConnectionRuleParts;

  constructor(parts: ConnectionRuleParts) {
    this.parts = parts;
  }

  entered(device: WatchedDevice, {role}: DeviceEnd, to: XenbusState): void {
    const kind = deviceKinds[device.type];
    if (role === 'backend') {
      if (to === XenbusStateConnected && kind !== undefined) this.backendConnected(device, kind);
      if (to === XenbusStateClosed) this.backendClosed(device);
    } else if (IN_USE.has(to)) {
      if (kind !== undefined) this.frontendInUse(device, to, kind);
    } else if (to === XenbusStateInitialising || to === XenbusStateClosed) this.parts.rings.close(device);
  }

  private frontendInUse(device: WatchedDevice, to: XenbusState, kind: DeviceKind): void {
    const {front, back} = device;
    const isTooEarly = to === XenbusStateConnected && !kind.frontendFirst && !back.hasBeen(XenbusStateConnected);
    if (isTooEarly) this.blame(device, front, 'XENBUS-SM-06', 'went to Connected', 'once the backend is Connected');
    if (to === kind.announcedIn || !front.hasBeen(kind.announcedIn)) this.announced(device, kind);
  }

  /** The frontend says that its rings can be used. */
  private announced(device: WatchedDevice, kind: DeviceKind): void {
    const {front} = device;
    const {abi, rings, missing, notNumbers} = readAnnouncement(front, kind);
    if (missing.length > 0) {
      const done = `went to ${stateName(front.state ?? 0)} without ${missing.join(', ')}`;
      return this.blame(device, front, 'XENBUS-SM-04', done, 'after they are published');
    }
    if (notNumbers.length > 0) {
      const done = `published ${notNumbers.join(', ')}, no numbers`;
      return this.blame(device, front, 'XENBUS-NODE-01', done, 'decimal numbers');
    }
    this.parts.rings.close(device);
    for (const ring of rings) {
      this.checkPort(device, ring.port);
      this.parts.ports.announced(device, ring.port);
      const gfns = ring.refs.map((ref) => this.parts.grants.offered(device, ref, true, 'a ring'));
      if (gfns.every((gfn) => gfn >= 0)) this.parts.rings.open(device, ring, abi, gfns);
    }
  }

  /** The frontend allocates the port, for its backend. */
  private checkPort(device: WatchedDevice, port: number): void {
    const {front, back} = device;
    const guest = this.parts.xen.domain(front.domid);
    if (guest === undefined) return;
    const channel = guest.ports.get(port);
    const isUnbound = channel?.kind === 'unbound' && channel.remoteDomid === back.domid;
    if (isUnbound || this.isBound(device, port)) return;
    const legal = `a port of its own that is open to d${back.domid}`;
    this.blame(device, front, 'EVTCHN-USE-01', `published event channel ${port}`, legal);
  }

  /** The backend has the other end of that port. */
  private isBound({front, back}: WatchedDevice, port: number): boolean {
    const channel = this.parts.xen.domain(front.domid)?.ports.get(port);
    return channel?.kind === 'interdomain' && channel.remote.id === back.domid;
  }

  private backendConnected(device: WatchedDevice, {properties, announcedIn}: DeviceKind): void {
    const {front, back} = device;
    const missing = properties.filter((key) => !back.nodes.has(key)).join(', ');
    const legal = `once the frontend is ${stateName(announcedIn)}`;
    if (missing !== '')
      this.blame(device, back, 'XENBUS-SM-05', `went to Connected without ${missing}`, 'after they are published');
    if (!front.hasBeen(announcedIn)) this.blame(device, back, 'XENBUS-SM-05', 'went to Connected', legal);
  }

  /** Whoever is Closed has let go of everything. */
  private backendClosed(device: WatchedDevice): void {
    const {front, back} = device;
    const mapped = this.parts.grants.countMapped(device);
    if (mapped > 0) {
      const done = `went to Closed with ${mapped} pages mapped`;
      this.blame(device, back, 'GRANT-UNM-09', done, 'nothing of the device mapped');
    }
    const ports = [...this.parts.ports.of(front.domid)].filter(([, each]) => each === device);
    const bound = ports.map(([port]) => port).filter((port) => this.isBound(device, port));
    if (bound.length > 0) {
      const done = `went to Closed with event channel ${bound.join(', ')} bound`;
      this.blame(device, back, 'EVTCHN-USE-03', done, 'its ports closed');
    }
  }

  private blame(device: WatchedDevice, {domid}: DeviceEnd, clause: string, done: string, legal: string): void {
    this.parts.breaches.report(device.name, domid, clause, done, legal);
  }
}
