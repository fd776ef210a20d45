import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
  XenbusStateInitWait,
} from '../../hypervisor/abi/io/xenbus.ts';
import {DOM0} from '../../hypervisor/index.ts';
import {stateName, type XenbusState} from '../../hypervisor/xenbus/index.ts';
import {type ConnectionRuleParts, ConnectionRules, IN_USE} from './connection-rules.ts';
import type {DeviceBook, DeviceEnd, WatchedDevice} from './device.ts';
import {deviceKinds, legalStates} from './kinds.ts';
import type {StoreChange} from './store-changes.ts';

/** Nodes by which a frontend publishes its rings. */
const TRANSPORT = /(^|\/)([\w-]*ring-ref\d*|event-channel(-\w+)?)$/;
/** A backend's, in which it is too late for an offer. */
const OFFERED: ReadonlySet<XenbusState> = new Set([XenbusStateInitWait, ...IN_USE]);

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

export interface XenbusRuleParts extends ConnectionRuleParts {
  readonly book: DeviceBook;
}

/** Judges what both ends and the toolstack do to the directories of the devices. */
export class XenbusRules {
  private readonly parts: XenbusRuleParts;
  private readonly connection: ConnectionRules;

  constructor(parts: XenbusRuleParts) {
    this.parts = parts;
    this.connection = new ConnectionRules(parts);
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

  /** The domain comes to its end, and the store removes what it owns. */
  guestEnds(domid: number): void {
    for (const device of this.parts.book.ofGuest(domid)) this.clear(device, device.front);
  }

  private remove(path: string): void {
    const {book} = this.parts;
    for (const {device, end} of book.below(path)) {
      this.clear(device, end);
      if (device.front.isEmpty && device.back.isEmpty) book.forget(device);
    }
    const found = book.find(path);
    if (found?.key !== '') found?.end.remove(found.key);
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
    const {role, state = XenbusStateInitialising} = end;
    const isLate = role === 'frontend' && TRANSPORT.test(key) && before !== value && IN_USE.has(state);
    if (isLate)
      this.report(
        device,
        domid,
        'XENBUS-SM-04',
        `wrote ${key} in ${stateName(state)}`,
        'before the rings are announced',
      );
    const isOffer = role === 'backend' && deviceKinds[device.type]?.offers.includes(key) === true;
    if (isOffer && before === undefined && OFFERED.has(state))
      this.report(device, domid, 'XENBUS-SM-03', `offered ${key} in ${stateName(state)}`, 'before InitWait');
  }

  private move(device: WatchedDevice, end: DeviceEnd, {value, domid}: StoreChange): void {
    const {role, state: from} = end;
    const to = Number(value);
    if (!/^[0-8]$/.test(value)) {
      const done = `wrote ${JSON.stringify(value.slice(0, MAX_TEXT))} as state of the ${role}`;
      return this.report(device, domid, 'XENBUS-SM-01', done, 'a number of 0 to 8');
    }
    if (domid !== end.domid && domid !== DOM0) {
      const legal = `writes of d${end.domid} and the toolstack`;
      this.report(device, domid, 'XENBUS-SM-02', `wrote the ${role}'s state`, legal);
    }
    if (from === undefined) this.begins(device, end, to, domid);
    else this.goes(device, end, from, to, domid);
    end.enter(to);
    if (from !== to) this.connection.entered(device, end, to);
  }

  /** A directory without a state gets one. */
  private begins(device: WatchedDevice, {role, nodes}: DeviceEnd, to: XenbusState, domid: number): void {
    const link = role === 'frontend' ? 'backend' : 'frontend';
    if (!nodes.has(link) || !nodes.has(`${link}-id`)) {
      const done = `made a ${role}'s state, where there is no device`;
      this.report(device, domid, 'XENBUS-SM-19', done, 'only in a directory that is there');
    } else if (to !== XenbusStateInitialising)
      this.report(device, domid, 'XENBUS-SM-02', `made the ${role} in ${stateName(to)}`, 'Initialising');
  }

  private goes(device: WatchedDevice, {role}: DeviceEnd, from: XenbusState, to: XenbusState, domid: number): void {
    const legal = legalStates(device.type, role, from);
    if (from === to || legal.includes(to) || isRequest(domid, to)) return;
    const clause = (role === 'frontend' ? frontendMoves : backendMoves)[to] ?? OTHER_MOVE;
    const done = `the ${role} went from ${stateName(from)} to ${stateName(to)}`;
    this.report(device, domid, clause, done, legal.map(stateName).join(', ') || 'none');
  }

  private report(device: WatchedDevice, domid: number, clause: string, done: string, legal: string): void {
    this.parts.breaches.report(device.name, domid, clause, done, legal);
  }
}

/** The toolstack asks an end to close, whatever it does just now. */
const isRequest = (domid: number, to: XenbusState): boolean => domid === DOM0 && to === XenbusStateClosing;
