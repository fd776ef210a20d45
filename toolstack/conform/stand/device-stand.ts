import type {Abi} from '../../../hypervisor/abi/ctype.ts';
import {EVTCHNSTAT_closed} from '../../../hypervisor/abi/event-channel.ts';
import type {Networks} from '../../../backends/network/index.ts';
import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {XenbusBus} from '../../../hypervisor/xenbus/index.ts';
import type {GuestDevice} from '../iut/iut.ts';
import type {DevicePaths, Rig, RigDomain} from '../rig.ts';
import type {Seam} from '../seam/seam.ts';
import type {RingSpy} from '../seam/ring-spy.ts';
import type {StoreSpy} from '../seam/store-spy.ts';
import type {ScriptedDisk} from '../peers/scripted-disk.ts';
import type {ShellDisk} from '../linux/shell-disk.ts';
import type {ShellNic} from '../linux/shell-nic.ts';
import {Stand, type StandOptions} from './stand.ts';

/** Ports of a domain that are looked at. */
const MAX_PORTS = 64;
const DRIVER_PACE_NS = 1e6;
/** In which a program of a real kernel comes to ask for something. */
const PROGRAM_PACE_NS = 200e6;

export interface DeviceStandOptions extends StandOptions {
  /** Index at which a frontend under test starts its rings. */
  readonly ringStart?: number;
  /** Of the guest; x86_64 by default. */
  readonly abi?: Abi;
}

/** What a device stand is made of. */
export interface DeviceStandParts {
  readonly rig: Rig;
  readonly guest: RigDomain;
  readonly seam: Seam;
  readonly spy: RingSpy;
  readonly store: StoreSpy;
  readonly disks: readonly ScriptedDisk[];
  readonly devices: GuestDevice[];
  /** What the driver is loaded on. */
  readonly bus: XenbusBus;
  /** Of the driver's domain. */
  readonly networks: Networks;
  /** The peer's hypervisor operations: the same as the rig's, with its steps noted. */
  readonly peerOps: HypervisorOps;
  /** The guest is a real kernel, whose devices are seen by its shell. */
  readonly shell?: {readonly disk: ShellDisk; readonly nic: ShellNic};
}

/** A stand for one end of a split device: the driver under test is loaded, no device is there yet. */
export abstract class DeviceStand extends Stand {
  readonly guest: RigDomain;
  readonly seam: Seam;
  /** Where a peer sees, and comes between, what the driver under test does on a ring. */
  readonly spy: RingSpy;
  /** What it does to the store. */
  readonly store: StoreSpy;
  readonly peerOps: HypervisorOps;
  readonly type: string;
  /** The guest's devices, where it is a real kernel. */
  protected readonly shell: DeviceStandParts['shell'];
  /** Virtual time in which what the driver is asked comes to its ring. */
  protected readonly paceNs: number;
  private readonly bus: XenbusBus;
  /** Behind a backend under test, in the order in which it opened them. */
  protected readonly disks: readonly ScriptedDisk[];
  /** What a frontend under test handed out. */
  protected readonly devices: readonly GuestDevice[];

  constructor(options: DeviceStandOptions, type: string, parts: DeviceStandParts) {
    const {rig, guest, seam, spy, store, disks, devices, bus, peerOps, shell} = parts;
    super(rig, options);
    this.type = type;
    this.guest = guest;
    this.seam = seam;
    this.spy = spy;
    this.store = store;
    this.disks = disks;
    this.bus = bus;
    this.devices = devices;
    this.peerOps = peerOps;
    this.shell = shell;
    this.paceNs = shell === undefined ? DRIVER_PACE_NS : PROGRAM_PACE_NS;
  }

  /** The last device that a frontend under test handed out. */
  protected get lastDevice(): GuestDevice | undefined {
    return this.devices.at(-1);
  }

  /** The scripted disk that a backend under test opened last. */
  get scriptedDisk(): ScriptedDisk {
    return this.disks.at(-1) ?? this.inconclusive('the backend has opened no image');
  }

  /** Pages of the guest that somebody has mapped, each as often as it is; that of the store's ring apart. */
  get mappings(): number {
    const {domain} = this.guest;
    return domain.grants.pinned - (this.rig.store.isIntroduced(domain.id) ? 1 : 0);
  }

  /** Ports of a domain that are in use. */
  portsOf({domain, ops}: RigDomain): number {
    let count = 0;
    for (let port = 1; port < MAX_PORTS; port++) {
      const channel = ops.evtchnStatus(domain.id, port);
      if (typeof channel !== 'number' && channel.status !== EVTCHNSTAT_closed) count++;
    }
    return count;
  }

  /** The guest's grant entries that are in use. */
  get grants(): number {
    const {grants} = this.guest.domain;
    let count = 0;
    for (let ref = 0; ref < grants.entries; ref++) if (grants.memory.u32[grants.entryWord(ref)] !== 0) count++;
    return count;
  }

  /** The guest goes on after a suspend, in which its grants and ports were lost; its drivers are told. */
  resume(devid: number): void {
    const instance = this.bus.instance(`device/${this.type}/${devid}`);
    if (instance?.resume === undefined) this.inconclusive('the driver has no resume()');
    else instance.resume();
  }

  /** Tells a backend that its image may have got another size, as a block layer would. */
  tellSize(devid: number): void {
    const instance = this.bus.instance(`backend/${this.type}/${this.guest.domain.id}/${devid}`);
    if (instance?.resize === undefined) this.inconclusive('the driver has no resize()');
    else instance.resize();
  }

  /** Absolute. */
  frontPath(devid: number): string {
    return `/local/domain/${this.guest.domain.id}/device/${this.type}/${devid}`;
  }

  backPath(devid: number): string {
    return `/local/domain/0/backend/${this.type}/${this.guest.domain.id}/${devid}`;
  }

  /** Writes both directories of a device in one transaction. */
  addDevice(
    devid: number,
    front: Readonly<Record<string, string>>,
    back: Readonly<Record<string, string>>,
  ): Promise<DevicePaths> {
    this.note(`toolstack adds ${this.type} ${devid}`);
    return this.rig.addDevice({guest: this.guest, type: this.type, devid, front, back});
  }

  /** Removes both directories in one transaction. */
  removeDevice(devid: number): Promise<void> {
    this.note(`toolstack removes ${this.type} ${devid}`);
    const {xs} = this.rig.dom0;
    return this.rig.run(() =>
      xs.transaction(async (tx) => {
        await xs.rm(this.frontPath(devid), tx);
        await xs.rm(this.backPath(devid), tx);
      }),
    );
  }

  async frontState(devid: number): Promise<number> {
    return Number((await this.read(`${this.frontPath(devid)}/state`)) ?? Number.NaN);
  }

  async backState(devid: number): Promise<number> {
    return Number((await this.read(`${this.backPath(devid)}/state`)) ?? Number.NaN);
  }
}
