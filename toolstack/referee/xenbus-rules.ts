import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
  XenbusStateInitWait,
} from '../../hypervisor/abi/io/xenbus.ts';
import {DOM0, type Hypervisor} from '../../hypervisor/index.ts';
import {stateName, type XenbusState} from '../../hypervisor/xenbus/index.ts';
import {readAnnouncement} from './announced-ring.ts';
import type {Breaches} from './breach.ts';
import type {DeviceBook, DeviceEnd, WatchedDevice} from './device.ts';
import type {GrantWatch} from './grant-watch.ts';
import {type DeviceKind, deviceKinds, legalStates} from './kinds.ts';
import type {PortBook} from './port-book.ts';
import type {Rings} from './rings.ts';
import type {StoreChange} from './store-changes.ts';

const IN_USE: readonly XenbusState[] = [XenbusStateInitialised, XenbusStateConnected];
/** Nodes by which a frontend publishes its rings. */
const TRANSPORT = /(^|\/)([\w-]*ring-ref\d*|event-channel(-tx|-rx)?)$/;

/** The clause that a wrong move breaks, by where it leads. */
const frontendMoves: Readonly<Record<XenbusState, string | undefined>> = {
  [XenbusStateInitialising]: 'XENBUS-LIFE-01',
  [XenbusStateInitialised]: 'XENBUS-SM-04',
  [XenbusStateConnected]: 'XENBUS-SM-06',
  [XenbusStateClosing]: 'XENBUS-SM-17',
  [XenbusStateClosed]: 'XENBUS-SM-17',
};
const backendMoves: Readonly<Record<XenbusState, string | undefined>> = {
  [XenbusStateInitialising]: 'XENBUS-SM-13',
  [XenbusStateInitWait]: 'XENBUS-SM-13',
  [XenbusStateInitialised]: 'XENBUS-SM-08',
  [XenbusStateConnected]: 'XENBUS-SM-05',
  [XenbusStateClosing]: 'XENBUS-SM-11',
  [XenbusStateClosed]: 'XENBUS-SM-11',
};
/** Characters of what somebody wrote that are shown. */
const MAX_TEXT = 20;
const OTHER_MOVE = 'XENBUS-SM-01';

export interface XenbusRuleParts {
  readonly xen: Hypervisor;
  readonly book: DeviceBook;
  readonly breaches: Breaches;
  readonly grants: GrantWatch;
  readonly rings: Rings;
  readonly ports: PortBook;
}

/** Judges what both ends and the toolstack do to the directories of the devices. */
export class XenbusRules {
  private readonly parts: XenbusRuleParts;

  constructor(parts: XenbusRuleParts) {
    this.parts = parts;
  }

  /** What took effect together. A state is judged with all the nodes that came with it. */
  commit(changes: readonly StoreChange[]): void {
    const {book} = this.parts;
    const moves: {device: WatchedDevice; end: DeviceEnd; change: StoreChange}[] = [];
    for (const change of changes) {
      const found = book.find(change.path);
      if (change.kind === 'remove') this.remove(change.path);
      else if (found === undefined) continue;
      else if (found.key === 'state') moves.push({...found, change});
      else if (found.key !== '') this.writeNode(found.device, found.end, found.key, change);
    }
    for (const {device, end, change} of moves) this.move(device, end, change);
  }

  private remove(path: string): void {
    const {book} = this.parts;
    for (const {device, end} of book.below(path)) {
      this.clear(device, end);
      if (device.front.isEmpty && device.back.isEmpty) book.forget(device);
    }
    const found = book.find(path);
    if (found?.key !== '') found?.end.nodes.delete(found.key);
  }

  /** The domain comes to its end, and the store removes what it owns. */
  guestEnds(domid: number): void {
    for (const device of this.parts.book.ofGuest(domid)) this.clear(device, device.front);
  }

  private clear(device: WatchedDevice, end: DeviceEnd): void {
    const {rings, xen} = this.parts;
    if (end.role === 'frontend' && !end.isEmpty) {
      rings.close(device);
      if (xen.domain(end.domid)?.runnable === true) device.takenNs = xen.schedule.now();
    }
    end.clear();
  }

  private writeNode(device: WatchedDevice, end: DeviceEnd, key: string, {value, domid}: StoreChange): void {
    const before = end.nodes.get(key);
    end.write(key, value);
    const {state} = end;
    if (end.role === 'frontend') {
      const isLate = TRANSPORT.test(key) && before !== value && state !== undefined && IN_USE.includes(state);
      if (isLate)
        this.report(
          device,
          domid,
          'XENBUS-SM-04',
          `wrote ${key} in ${stateName(state)}`,
          'before the rings are announced',
        );
      return;
    }
    const isOffer = deviceKinds[device.type]?.offers.includes(key) === true && before === undefined;
    if (isOffer && state !== undefined && [XenbusStateInitWait, ...IN_USE].includes(state))
      this.report(device, domid, 'XENBUS-SM-03', `offered ${key} in ${stateName(state)}`, 'before InitWait');
  }

  private move(device: WatchedDevice, end: DeviceEnd, {value, domid}: StoreChange): void {
    const {role, state: from} = end;
    const to = Number(value);
    if (!/^[0-8]$/.test(value))
      return this.report(
        device,
        domid,
        'XENBUS-SM-01',
        `wrote ${JSON.stringify(value.slice(0, MAX_TEXT))} as state of the ${role}`,
        'a number of 0 to 8',
      );
    if (domid !== end.domid && domid !== DOM0)
      this.report(
        device,
        domid,
        'XENBUS-SM-02',
        `wrote the ${role}'s state`,
        `writes of d${end.domid} and the toolstack`,
      );
    if (from === undefined) this.begins(device, end, to, domid);
    else if (from !== to && !legalStates(device.type, role, from).includes(to) && !isRequest(domid, to)) {
      const clause = (role === 'frontend' ? frontendMoves : backendMoves)[to] ?? OTHER_MOVE;
      const legal = legalStates(device.type, role, from).map(stateName).join(', ') || 'none';
      this.report(device, domid, clause, `the ${role} went from ${stateName(from)} to ${stateName(to)}`, legal);
    }
    end.enter(to);
    if (from !== to) this.entered(device, end, to);
  }

  /** A directory without a state gets one. */
  private begins(device: WatchedDevice, end: DeviceEnd, to: XenbusState, domid: number): void {
    const link = end.role === 'frontend' ? 'backend' : 'frontend';
    if (!end.nodes.has(link) || !end.nodes.has(`${link}-id`))
      this.report(
        device,
        domid,
        'XENBUS-SM-19',
        `made a ${end.role}'s state, where there is no device`,
        'only in a directory that is there',
      );
    else if (to !== XenbusStateInitialising)
      this.report(device, domid, 'XENBUS-SM-02', `made the ${end.role} in ${stateName(to)}`, 'Initialising');
  }

  private entered(device: WatchedDevice, {role}: DeviceEnd, to: XenbusState): void {
    const kind = deviceKinds[device.type];
    if (role === 'backend') this.backendEntered(device, to, kind);
    else if (kind !== undefined) this.frontendEntered(device, to, kind);
  }

  private frontendEntered(device: WatchedDevice, to: XenbusState, kind: DeviceKind): void {
    const {front, back} = device;
    if (!IN_USE.includes(to)) {
      if (to === XenbusStateInitialising || to === XenbusStateClosed) this.parts.rings.close(device);
      return;
    }
    if (to === XenbusStateConnected && !kind.frontendFirst && !back.hasBeen(XenbusStateConnected))
      this.report(
        device,
        front.domid,
        'XENBUS-SM-06',
        'the frontend went to Connected',
        'once the backend is Connected',
      );
    if (to === kind.announcedIn || !front.hasBeen(kind.announcedIn)) this.announced(device, kind);
  }

  /** The frontend says that its rings can be used. */
  private announced(device: WatchedDevice, kind: DeviceKind): void {
    const {front} = device;
    const {abi, rings, missing, notNumbers} = readAnnouncement(front, kind);
    const state = stateName(front.state ?? 0);
    if (missing.length > 0)
      return this.report(
        device,
        front.domid,
        'XENBUS-SM-04',
        `went to ${state} without ${missing.join(', ')}`,
        'after they are published',
      );
    if (notNumbers.length > 0)
      return this.report(
        device,
        front.domid,
        'XENBUS-NODE-01',
        `published ${notNumbers.join(', ')}, no numbers`,
        'decimal numbers',
      );
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
    this.report(device, front.domid, 'EVTCHN-USE-01', `published event channel ${port}`, legal);
  }

  /** The backend has the other end of that port. */
  private isBound({front, back}: WatchedDevice, port: number): boolean {
    const channel = this.parts.xen.domain(front.domid)?.ports.get(port);
    return channel?.kind === 'interdomain' && channel.remote.id === back.domid;
  }

  private backendEntered(device: WatchedDevice, to: XenbusState, kind: DeviceKind | undefined): void {
    if (to === XenbusStateConnected && kind !== undefined) this.backendConnected(device, kind);
    if (to === XenbusStateClosed) this.backendClosed(device);
  }

  private backendConnected(device: WatchedDevice, kind: DeviceKind): void {
    const {front, back} = device;
    const missing = kind.properties.filter((key) => !back.nodes.has(key));
    if (missing.length > 0)
      this.report(
        device,
        back.domid,
        'XENBUS-SM-05',
        `went to Connected without ${missing.join(', ')}`,
        'after they are published',
      );
    if (!front.hasBeen(kind.announcedIn))
      this.report(
        device,
        back.domid,
        'XENBUS-SM-05',
        'went to Connected',
        `once the frontend is ${stateName(kind.announcedIn)}`,
      );
  }

  /** Whoever is Closed has let go of everything. */
  private backendClosed(device: WatchedDevice): void {
    const {front, back} = device;
    const mapped = this.parts.grants.countMapped(device);
    if (mapped > 0)
      this.report(
        device,
        back.domid,
        'GRANT-UNM-09',
        `went to Closed with ${mapped} pages mapped`,
        'nothing of the device mapped',
      );
    const ports = [...this.parts.ports.of(front.domid)].filter(([, each]) => each === device);
    const bound = ports.map(([port]) => port).filter((port) => this.isBound(device, port));
    if (bound.length > 0)
      this.report(
        device,
        back.domid,
        'EVTCHN-USE-03',
        `went to Closed with event channel ${bound.join(', ')} bound`,
        'its ports closed',
      );
  }

  private report(device: WatchedDevice, domid: number, clause: string, done: string, legal: string): void {
    this.parts.breaches.report(device.name, domid, clause, done, legal);
  }
}

/** The toolstack asks an end to close, whatever it does just now. */
const isRequest = (domid: number, to: XenbusState): boolean => domid === DOM0 && to === XenbusStateClosing;
