import {type Observable, Subject, type Subscription} from 'rxjs';
import {XenbusStateInitialising} from '../abi/io/xenbus.ts';
import {meteredStore, opsOfDevice} from '../cost/index.ts';
import type {HypervisorOps} from '../ops.ts';
import type {XsClient} from '../xenstore/index.ts';
import {XenbusDevice} from './device.ts';
import type {DriverInstance, XenbusDriver} from './driver.ts';
import {parseState, type XenbusRole} from './state.ts';

/** Devices of one domain that are looked at; a guest that lists more gets no further ones. */
const MAX_DEVICES = 65536;

export interface BusEvent {
  type: 'added' | 'removed';
  device: XenbusDevice;
}

interface Shape {
  /** Directory below the domain's own. */
  root: string;
  /** Path components of a device: root/type/devid or root/type/domid/devid. */
  depth: number;
  /** Nodes that name the peer. */
  otherPathKey: string;
  otherIdKey: string;
}

const shapes: Record<XenbusRole, Shape> = {
  frontend: {root: 'device', depth: 3, otherPathKey: 'backend', otherIdKey: 'backend-id'},
  backend: {root: 'backend', depth: 4, otherPathKey: 'frontend', otherIdKey: 'frontend-id'},
};

interface Bound {
  device: XenbusDevice;
  instance: DriverInstance | undefined;
}

/**
 * The xenbus of one domain and role: watches its directory, gives each device that appears to the driver of its type,
 * and takes it away when the directory goes.
 */
export class XenbusBus {
  private readonly ops: HypervisorOps;
  private readonly xs: XsClient;
  private readonly role: XenbusRole;
  private readonly shape: Shape;
  private readonly drivers = new Map<string, XenbusDriver>();
  private readonly bound = new Map<string, Bound>();
  private readonly probing = new Set<string>();
  private readonly subject = new Subject<BusEvent>();
  private subscription: Subscription | undefined;

  constructor(ops: HypervisorOps, xs: XsClient, role: XenbusRole, drivers: readonly XenbusDriver[]) {
    this.ops = ops;
    this.xs = xs;
    this.role = role;
    this.shape = shapes[role];
    for (const driver of drivers) this.drivers.set(driver.type, driver);
  }

  /** Devices as they come and go. */
  get events(): Observable<BusEvent> {
    return this.subject.asObservable();
  }

  get devices(): XenbusDevice[] {
    return Array.from(this.bound.values(), ({device}) => device);
  }

  device(path: string): XenbusDevice | undefined {
    return this.bound.get(path)?.device;
  }

  /** What the driver made of the device: its statistics and controls. */
  instance(path: string): DriverInstance | undefined {
    return this.bound.get(path)?.instance;
  }

  start(): void {
    this.subscription = this.xs
      .watch(this.shape.root)
      .subscribe({next: (path) => void this.changed(path), error: () => undefined});
  }

  /** Lets go of every device, as when the domain dies. */
  stop(): void {
    this.subscription?.unsubscribe();
    for (const path of this.bound.keys()) void this.drop(path);
  }

  private async changed(path: string): Promise<void> {
    const parts = path.split('/');
    try {
      if (parts.length < this.shape.depth) await this.rescan(parts);
      else await this.lookAt(parts.slice(0, this.shape.depth), parts.slice(this.shape.depth));
    } catch {
      // The store refused or is gone: the next event, if any, brings us back.
    }
  }

  /** A directory above devices changed: finds new ones below, and drops those that are gone. */
  private async rescan(parts: string[]): Promise<void> {
    const prefix = `${parts.join('/')}/`;
    for (const path of this.bound.keys()) {
      if (path.startsWith(prefix)) await this.lookAt(path.split('/'), []);
    }
    await this.descend(parts);
  }

  private async descend(parts: string[]): Promise<void> {
    if (parts.length === this.shape.depth) {
      await this.lookAt(parts, []);
      return;
    }
    for (const name of (await this.xs.directory(parts.join('/'))) ?? []) await this.descend([...parts, name]);
  }

  private async lookAt(parts: string[], below: string[]): Promise<void> {
    const path = parts.join('/');
    const isBound = this.bound.has(path);
    // A node inside a device that we hold is its driver's business.
    if (this.probing.has(path) || (isBound && below.length > 0 && below[0] !== 'state')) return;
    const state = await this.xs.read(`${path}/state`);
    if (state === undefined) void this.drop(path);
    else if (isBound) this.suspect(path, parts, state, below.length === 0);
    else await this.probe(path, parts, state);
  }

  /** What looks like a new device may be one: the last was pulled, and this one plugged, before we came to look. */
  private suspect(path: string, parts: string[], seen: string, isDirectory: boolean): void {
    const device = this.bound.get(path)?.device;
    if (device === undefined || parseState(seen) !== XenbusStateInitialising) return;
    device.enqueue(async () => {
      const state = (await this.xs.read(`${path}/state`)) ?? '';
      // A driver that has not gone on yet loses nothing where it has to begin anew.
      const isNew = device.isReset(state) || (isDirectory && device.state === XenbusStateInitialising);
      if (isNew && this.bound.get(path)?.device === device) await this.renew(path, parts);
    });
  }

  private async renew(path: string, parts: string[]): Promise<void> {
    this.probing.add(path);
    await this.drop(path);
    this.probing.delete(path);
    await this.lookAt(parts, []);
  }

  private async probe(path: string, parts: string[], state: string): Promise<void> {
    const driver = this.drivers.get(parts[1]);
    if (driver === undefined || this.probing.has(path) || this.bound.has(path) || this.bound.size >= MAX_DEVICES)
      return;
    this.probing.add(path);
    try {
      const otherPath = await this.xs.read(`${path}/${this.shape.otherPathKey}`);
      const otherId = await this.xs.read(`${path}/${this.shape.otherIdKey}`);
      // Stopped meanwhile, nobody would let go of the device.
      if (this.subscription?.closed !== false) return;
      if (otherPath === undefined || otherId === undefined || !/^\d{1,5}$/.test(otherId)) return;
      const {ops, xs} = this.meteredFor(parts, Number(otherId));
      const device = new XenbusDevice(
        {
          ops,
          xs,
          role: this.role,
          type: parts[1],
          devid: parts[parts.length - 1],
          path,
          otherPath,
          otherDomid: Number(otherId),
        },
        parseState(state),
      );
      this.bound.set(path, {device, instance: undefined});
      this.subject.next({type: 'added', device});
      device.enqueue(() => this.attach(path, device, driver));
    } finally {
      this.probing.delete(path);
    }
  }

  /** What the driver of a device gets: counted, where a ledger is kept. */
  private meteredFor(parts: string[], otherDomid: number): {ops: HypervisorOps; xs: XsClient} {
    const isFront = this.role === 'frontend';
    const ops = opsOfDevice(this.ops, {
      domid: isFront ? this.ops.domid : otherDomid,
      device: `${parts[1]}/${parts[parts.length - 1]}`,
      side: isFront ? 'front' : 'back',
    });
    return {ops, xs: ops.account === null ? this.xs : meteredStore(this.xs, ops.account)};
  }

  private async attach(path: string, device: XenbusDevice, driver: XenbusDriver): Promise<void> {
    const instance = await driver.probe(device);
    const bound = this.bound.get(path);
    if (bound?.device !== device) {
      await instance.remove();
      return;
    }
    bound.instance = instance;
    // The directory may have gone while we were probing, when its event found nothing to remove.
    if ((await this.xs.read(`${path}/state`)) === undefined) void this.drop(path);
    else device.followOther((other) => instance.otherEndChanged(other));
  }

  private async drop(path: string): Promise<void> {
    const bound = this.bound.get(path);
    if (bound === undefined) return;
    this.bound.delete(path);
    bound.device.detach();
    const removal = bound.instance?.remove();
    this.subject.next({type: 'removed', device: bound.device});
    await removal;
  }
}
