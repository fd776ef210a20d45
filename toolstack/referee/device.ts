import type {XenbusRole, XenbusState} from '../../hypervisor/xenbus/index.ts';

/** One end's directory as it stands in the store. */
export class DeviceEnd {
  readonly role: XenbusRole;
  path: string;
  domid: number;
  /** Below the directory: "queue-0/ring-ref". */
  readonly nodes = new Map<string, string>();
  /** The highest number that a node has had. */
  private readonly numbers = new Map<string, number>();
  /** As the node has it; undefined while there is none. */
  state: XenbusState | undefined;
  /** Bits of the states that it has been in since its directory was made. */
  private visited = 0;

  constructor(role: XenbusRole, path: string, domid: number) {
    this.role = role;
    this.path = path;
    this.domid = domid;
  }

  write(key: string, value: string): void {
    this.nodes.set(key, value);
    this.numbers.set(key, Math.max(this.highest(key), Number(value) || 0));
  }

  /** A node goes, with all below it. */
  remove(key: string): void {
    for (const each of this.nodes.keys()) if (each === key || each.startsWith(`${key}/`)) this.nodes.delete(each);
  }

  /** The highest number that a node has had since the directory was made: a feature may have gone since it was used. */
  highest(key: string): number {
    return this.numbers.get(key) ?? 0;
  }

  enter(state: XenbusState): void {
    this.state = state;
    this.visited |= 1 << state;
  }

  hasBeen(...states: readonly XenbusState[]): boolean {
    return states.some((state) => (this.visited & (1 << state)) !== 0);
  }

  get isEmpty(): boolean {
    return this.state === undefined && this.nodes.size === 0;
  }

  /** The directory is gone. */
  clear(): void {
    this.nodes.clear();
    this.numbers.clear();
    this.state = undefined;
    this.visited = 0;
  }
}

/** A split device: both its directories. */
export class WatchedDevice {
  /** "vbd" */
  readonly type: string;
  /** "d1 vbd/51712" */
  readonly name: string;
  readonly front: DeviceEnd;
  readonly back: DeviceEnd;
  /** Who was the first to break a rule of its rings: what the other end does then may be no fault of its own. */
  culprit: XenbusRole | undefined;
  /** Requests have passed unseen: which pages it has published is not known. */
  hasUnseen = false;
  /** Host time at which the device was taken from a guest that could let go of it. */
  takenNs: number | undefined;

  constructor(type: string, devid: string, frontDomid: number, backDomid: number) {
    this.type = type;
    this.name = `d${frontDomid} ${type}/${devid}`;
    this.front = new DeviceEnd('frontend', `/local/domain/${frontDomid}/device/${type}/${devid}`, frontDomid);
    this.back = new DeviceEnd(
      'backend',
      `/local/domain/${backDomid}/backend/${type}/${frontDomid}/${devid}`,
      backDomid,
    );
  }

  end(role: XenbusRole): DeviceEnd {
    return role === 'frontend' ? this.front : this.back;
  }

  /** The guest's directory is not there any more. */
  get isGone(): boolean {
    return this.front.isEmpty;
  }
}

/** A node of a device: which end's directory, and the name below it ("" for the directory itself). */
export interface DeviceNode {
  readonly device: WatchedDevice;
  readonly end: DeviceEnd;
  readonly key: string;
}

const FRONT = /^\/local\/domain\/(\d+)\/device\/([^/]+)\/([^/]+)(?:\/(.*))?$/;
const BACK = /^\/local\/domain\/(\d+)\/backend\/([^/]+)\/(\d+)\/([^/]+)(?:\/(.*))?$/;

/** All devices of the watched domains. */
export class DeviceBook {
  private readonly devices = new Map<string, WatchedDevice>();
  private readonly isWatched: (domid: number) => boolean;

  constructor(isWatched: (domid: number) => boolean) {
    this.isWatched = isWatched;
  }

  ofGuest(domid: number): WatchedDevice[] {
    return [...this.devices.values()].filter(({front}) => front.domid === domid);
  }

  /** The node that a path names; undefined for one of no watched device. */
  find(path: string): DeviceNode | undefined {
    const front = FRONT.exec(path);
    if (front !== null) {
      const [, domid, type, devid, key = ''] = front;
      const device = this.device(type, devid, Number(domid));
      return device && {device, end: device.front, key};
    }
    const back = BACK.exec(path);
    if (back === null) return undefined;
    const [, backDomid, type, domid, devid, key = ''] = back;
    const device = this.device(type, devid, Number(domid));
    if (device === undefined) return undefined;
    device.back.domid = Number(backDomid);
    device.back.path = `/local/domain/${backDomid}/backend/${type}/${domid}/${devid}`;
    return {device, end: device.back, key};
  }

  /** Directories at or below a path that is removed. */
  below(path: string): {device: WatchedDevice; end: DeviceEnd}[] {
    return [...this.devices.values()].flatMap((device) =>
      [device.front, device.back]
        .filter((end) => end.path === path || end.path.startsWith(`${path}/`))
        .map((end) => ({device, end})),
    );
  }

  /** Both directories are gone: what comes in their place is another device. */
  forget(device: WatchedDevice): void {
    for (const [key, each] of this.devices) if (each === device) this.devices.delete(key);
  }

  private device(type: string, devid: string, domid: number): WatchedDevice | undefined {
    if (!this.isWatched(domid)) return undefined;
    const key = `${domid}/${type}/${devid}`;
    let device = this.devices.get(key);
    if (device === undefined) this.devices.set(key, (device = new WatchedDevice(type, devid, domid, 0)));
    return device;
  }
}
