import type {Abi} from '../../hypervisor/abi/ctype.ts';
import {XenbusStateConnected} from '../../hypervisor/abi/io/xenbus.ts';
import type {Hypervisor} from '../../hypervisor/index.ts';
import type {XenbusRole} from '../../hypervisor/xenbus/index.ts';
import type {AnnouncedRing} from './announced-ring.ts';
import type {Breaches} from './breach.ts';
import type {WatchedDevice} from './device.ts';
import type {GrantWatch} from './grant-watch.ts';
import type {MessageJudge} from './messages/judge.ts';
import type {RingCourt} from './ring-side.ts';
import {RingView} from './ring-view.ts';
import {RingWatch} from './ring-watch.ts';
import {type Suspicion, Suspicions} from './suspicions.ts';

/** A ring in use, with what its frontend published. */
interface LiveRing {
  readonly device: WatchedDevice;
  readonly firstRef: number;
  readonly port: number;
  readonly watch: RingWatch;
}

/** All rings of watched devices that are in use, and their event channels. */
export class Rings {
  private readonly xen: Hypervisor;
  private readonly breaches: Breaches;
  private readonly grants: GrantWatch;
  private readonly suspicions: Suspicions;
  private live: readonly LiveRing[] = [];
  /** By guest. */
  private readonly spurious = new Map<number, number>();

  constructor(xen: Hypervisor, breaches: Breaches, grants: GrantWatch) {
    this.xen = xen;
    this.breaches = breaches;
    this.grants = grants;
    this.suspicions = new Suspicions(xen.schedule);
  }

  /** A frontend has published a ring whose pages are those frames. */
  open(device: WatchedDevice, {kind, refs, port}: AnnouncedRing, abi: Abi, gfns: readonly number[]): void {
    device.hasUnseen = false;
    device.culprit = undefined;
    const guest = this.xen.domain(device.front.domid);
    if (guest === undefined || gfns.some((gfn) => !guest.memory.isPopulated(gfn))) return;
    const view = new RingView(kind.types, abi, guest.memory, gfns);
    this.checkFresh(device, view);
    const judge = this.judgeOf(device);
    const messages = kind.messages(view, abi, judge);
    const {backend, frontend} = kind;
    const watch = new RingWatch({view, court: this.courtOf(device, refs[0], gfns[0]), messages, backend, frontend});
    this.live = [...this.live, {device, firstRef: refs[0], port, watch}];
  }

  /** The rings of a device are not in use any more. */
  close(device: WatchedDevice): void {
    this.drop((ring) => ring.device === device);
  }

  forgetGuest(domid: number): void {
    this.drop(({device}) => device.front.domid === domid);
    this.spurious.delete(domid);
  }

  /** A backend has let go of a page: of a ring, if it is the first of one. */
  unmapped(mapper: number, granter: number, ref: number): void {
    const isOf = ({device: {front, back}, firstRef}: LiveRing): boolean =>
      firstRef === ref && back.domid === mapper && front.domid === granter;
    if (!this.live.some(isOf)) return;
    this.look();
    this.drop(isOf);
  }

  /** An event, before it is delivered: from a domain's port to another's. */
  sent(domid: number, port: number, remote: number, remotePort: number): void {
    this.look();
    let [rings, due] = [0, 0];
    let guest = domid;
    for (const {device, port: ownPort, watch} of this.live) {
      const {front, back} = device;
      const isFrontends = front.domid === domid && ownPort === port;
      const isBackends = back.domid === domid && front.domid === remote && ownPort === remotePort;
      if (!isFrontends && !isBackends) continue;
      guest = front.domid;
      rings++;
      if ((isFrontends ? watch.requests : watch.responses).notified()) due++;
    }
    // A port may be that of several rings.
    if (rings > 0 && due === 0) this.spurious.set(guest, this.spuriousOf(guest) + 1);
  }

  /** Events of a guest's devices, either way, that nobody had asked for. */
  spuriousOf(guest: number): number {
    return this.spurious.get(guest) ?? 0;
  }

  look(): void {
    const {live} = this;
    for (let i = 0; i < live.length; i++) live[i].watch.look();
  }

  /** To be called between two tasks. */
  between(): void {
    this.look();
    this.suspicions.sift();
  }

  private drop(isOver: (ring: LiveRing) => boolean): void {
    if (!this.live.some(isOver)) return;
    for (const ring of this.live) if (isOver(ring)) ring.watch.close();
    this.live = this.live.filter((ring) => !isOver(ring));
  }

  /**
   * A ring may begin elsewhere than at 0 when it goes on from an earlier one, and hold requests already.
   * @see ring.h, SHARED_RING_INIT
   */
  private checkFresh({name, front}: WatchedDevice, {entries, reqProd, rspProd, reqEvent, rspEvent}: RingView): void {
    const next = (rspProd + 1) >>> 0;
    if ((reqProd - rspProd) >>> 0 <= entries && reqEvent === next && rspEvent === next) return;
    const done = `published a ring with req_prod ${reqProd}, req_event ${reqEvent}, rsp_prod ${rspProd}, rsp_event ${rspEvent}`;
    const legal = 'req_event 1, rsp_prod 0, rsp_event 1: no response, and the first messages are told of';
    this.breaches.report(name, front.domid, 'RING-LAY-05', done, legal);
  }

  private judgeOf(device: WatchedDevice): MessageJudge {
    return {
      report: (by, ...breach) => this.accuse(device, by, ...breach),
      offered: (ref, writable, what) => this.grants.offered(device, ref, writable, what),
      offers: (by, key) => device.end(by).highest(key),
    };
  }

  private courtOf(device: WatchedDevice, firstRef: number, gfn: number): RingCourt {
    const {front, back} = device;
    return {
      report: (by, ...breach) => this.accuse(device, by, ...breach),
      isThere: () => this.grants.grants(device, firstRef, gfn),
      loses: () => void (device.hasUnseen = true),
      suspect: (suspicion: Suspicion) => this.suspicions.add(suspicion),
      isQuiet: () =>
        front.state === XenbusStateConnected &&
        back.state === XenbusStateConnected &&
        this.rests(front.domid) &&
        this.rests(back.domid),
    };
  }

  private accuse(device: WatchedDevice, by: XenbusRole, clause: string, done: string, legal: string): void {
    device.culprit ??= by;
    if (device.culprit === by) this.breaches.report(device.name, device.end(by).domid, clause, done, legal);
  }

  /** It may run, and waits for events. */
  private rests(domid: number): boolean {
    return this.xen.domain(domid)?.blocked === true;
  }
}
