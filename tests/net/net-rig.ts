import {type NetBackend, netBackend} from '../../backends/net/index.ts';
import {Networks} from '../../backends/network/index.ts';
import {type Netfront, type NetFrontend, netFrontend} from '../../frontends/net/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {createRig, type Rig, type RigDomain, type RigOptions} from '../support/rig.ts';

export interface NetGuest extends RigDomain {
  bus: XenbusBus;
  /** Interfaces in the order in which they were connected. */
  nics: Netfront[];
}

export interface VifOptions {
  bridge?: string;
  /** What its script says at once. */
  hotplug?: string;
  mtu?: number;
  /** Nodes of either directory beside these: tuning, rate. */
  front?: Record<string, string>;
  back?: Record<string, string>;
}

export const macOf = (guest: RigDomain, devid = 0): string =>
  `00:16:3e:00:0${devid}:${guest.domain.id.toString(16).padStart(2, '0')}`;

/** A frame of `length` bytes with a body that depends on `seed`. */
export const frameOf = (to: Uint8Array, from: Uint8Array, length: number, seed = 0): Uint8Array => {
  const frame = Uint8Array.from({length}, (_, i) => (i * 7 + seed * 13) & 0xff);
  frame.set(to, 0);
  frame.set(from, 6);
  frame.set([0x88, 0xb5], 12);
  return frame;
};

export const BROADCAST = new Uint8Array(6).fill(0xff);

/** A rig whose dom0 runs netback and a bridge. */
export class NetRig {
  readonly rig: Rig;
  readonly networks: Networks;
  readonly vifs: NetBackend[] = [];
  readonly backBus: XenbusBus;

  constructor(rig: Rig) {
    this.rig = rig;
    this.networks = new Networks(rig.dom0.ops);
    const driver = netBackend({networks: this.networks, onVif: (vif) => this.vifs.push(vif)});
    this.backBus = new XenbusBus(rig.dom0.ops, rig.dom0.xs, 'backend', [driver]);
    this.backBus.start();
  }

  /** A guest with netfront, and no device yet. */
  async createGuest(): Promise<NetGuest> {
    const guest = await this.rig.createGuest({pages: 4096});
    const nics: Netfront[] = [];
    return {...guest, bus: this.startFrontends(guest, nics), nics};
  }

  /** Stops a guest's drivers without a goodbye and starts others, as when its driver is loaded again. */
  reload(guest: NetGuest): void {
    guest.bus.stop();
    guest.bus = this.startFrontends(guest, guest.nics);
  }

  /** What a guest's kernel does when it goes down. */
  async closeFrontend(guest: NetGuest, devid = 0): Promise<void> {
    const {device} = this.frontend(guest, devid);
    device.enqueue(() => device.switchState(5));
    await this.settle();
  }

  /** Writes a vif's nodes as the toolstack does. */
  async addVif(guest: RigDomain, devid = 0, options: VifOptions = {}) {
    const mac = macOf(guest, devid);
    return this.rig.addDevice({
      guest,
      type: 'vif',
      devid,
      front: {handle: String(devid), mac, trusted: '1', mtu: String(options.mtu ?? 1500), ...options.front},
      back: {
        script: '/etc/xen/scripts/vif-bridge',
        mac,
        bridge: options.bridge ?? 'xenbr0',
        handle: String(devid),
        type: 'vif',
        'hotplug-status': options.hotplug ?? 'connected',
        ...options.back,
      },
    });
  }

  /** A guest whose interface is connected. */
  async connectedGuest(options: VifOptions = {}): Promise<NetGuest> {
    const guest = await this.createGuest();
    await this.addVif(guest, 0, options);
    await this.settle();
    return guest;
  }

  frontend(guest: NetGuest, devid = 0): NetFrontend {
    return guest.bus.instance(`device/vif/${devid}`) as NetFrontend;
  }

  vif(guest: RigDomain, devid = 0): NetBackend {
    return this.backBus.instance(`backend/vif/${guest.domain.id}/${devid}`) as NetBackend;
  }

  private startFrontends(guest: RigDomain, nics: Netfront[]): XenbusBus {
    const bus = new XenbusBus(guest.ops, guest.xs, 'frontend', [netFrontend((nic) => nics.push(nic))]);
    bus.start();
    return bus;
  }

  read(path: string): Promise<string | undefined> {
    return this.rig.run(() => this.rig.dom0.xs.read(path));
  }

  settle(ns = 1e9): Promise<void> {
    return this.rig.settle(ns);
  }
}

export const createNetRig = async (options: RigOptions = {}): Promise<NetRig> => new NetRig(await createRig(options));

/** Collects what an interface receives. */
export const collect = (nic: Netfront): Uint8Array[] => {
  const all: Uint8Array[] = [];
  nic.frames.subscribe((frames) => all.push(...frames));
  return all;
};
