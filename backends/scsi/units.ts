import {parseScsiAddress, type ScsiAddress} from '../../hypervisor/abi/io/vscsi-address.ts';
import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
} from '../../hypervisor/abi/io/xenbus.ts';
import {EEXIST, EINVAL} from '../../hypervisor/errno.ts';
import {DeviceError, parseState, type XenbusDevice, type XenbusState} from '../../hypervisor/xenbus/index.ts';
import type {ScsiBus} from './bus.ts';
import type {LogicalUnit} from './target/index.ts';

/** Units of one host at most: the toolstack writes them, and each is looked at on every change. */
const MAX_UNITS = 256;

/** A unit of dom0's, for as long as somebody uses it. */
export interface OpenUnit {
  readonly unit: LogicalUnit;
  close(): void;
}

/** Opens what `p-dev` names: "h:c:t:l", or "naa.<wwn>:<lun>". DeviceError when there is no such unit. */
export type UnitOpener = (pDev: string) => Promise<OpenUnit>;

interface Attached {
  readonly address: ScsiAddress;
  readonly opened: OpenUnit;
}

/**
 * The units of one host, as the toolstack writes them below vscsi-devs: each has a state of its own there, which both it
 * and we write. @see vscsiif.h, "Backend/frontend protocol"
 */
export class ScsiUnits {
  private readonly device: XenbusDevice;
  private readonly bus: ScsiBus;
  private readonly open: UnitOpener;
  /** By name: "dev-0". */
  private readonly attached = new Map<string, Attached>();

  constructor(device: XenbusDevice, bus: ScsiBus, open: UnitOpener) {
    this.device = device;
    this.bus = bus;
    this.open = open;
  }

  get count(): number {
    return this.attached.size;
  }

  /** Adds those that are Initialising, takes away those that are Closing. */
  addAndRemove(): Promise<void> {
    return this.forEach(async (name, state) => {
      if (state === XenbusStateInitialising) await this.add(name);
      else if (state === XenbusStateClosing) await this.remove(name);
    });
  }

  /** A frontend that begins anew looks for units that are Initialised. */
  offerAgain(): Promise<void> {
    return this.forEach(async (name, state) => {
      if (state === XenbusStateConnected && this.attached.has(name)) await this.setState(name, XenbusStateInitialised);
    });
  }

  /** The frontend has seen them. */
  confirm(): Promise<void> {
    return this.forEach(async (name, state) => {
      if (state === XenbusStateInitialised && this.attached.has(name)) await this.setState(name, XenbusStateConnected);
    });
  }

  /** Gives all back. */
  async close(): Promise<void> {
    const all = [...this.attached.values()];
    this.attached.clear();
    await Promise.all(all.map((each) => this.letGo(each)));
  }

  private async forEach(act: (name: string, state: XenbusState) => Promise<void>): Promise<void> {
    const {device} = this;
    const names = (await device.xs.directory(`${device.path}/vscsi-devs`).catch(() => undefined)) ?? [];
    for (const name of names.slice(0, MAX_UNITS)) {
      await act(name, parseState(await device.read(`vscsi-devs/${name}/state`)));
    }
  }

  private async add(name: string): Promise<void> {
    try {
      await this.attach(name);
      await this.setState(name, XenbusStateInitialised);
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      await this.device.reportError(error);
      await this.setState(name, XenbusStateClosed);
    }
  }

  private async attach(name: string): Promise<void> {
    const {device} = this;
    const pDev = await device.read(`vscsi-devs/${name}/p-dev`);
    const vDev = await device.read(`vscsi-devs/${name}/v-dev`);
    const address = parseScsiAddress(vDev ?? '');
    if (pDev === undefined) throw new DeviceError(EINVAL, `${name} has no p-dev`);
    if (address === undefined) throw new DeviceError(EINVAL, `${name}: v-dev "${vDev ?? ''}" is no h:c:t:l`);
    if (this.attached.has(name) || this.bus.find(address.channel, address.id, address.lun) !== undefined) {
      throw new DeviceError(EEXIST, `${name}: v-dev ${vDev} is in use`);
    }
    const opened = await this.open(pDev);
    if (device.isGone || !this.bus.attach(address, opened.unit)) {
      opened.close();
      throw new DeviceError(EEXIST, `${name}: v-dev ${vDev} is in use`);
    }
    this.attached.set(name, {address, opened});
  }

  private async remove(name: string): Promise<void> {
    const attached = this.attached.get(name);
    this.attached.delete(name);
    if (attached !== undefined) await this.letGo(attached);
    await this.setState(name, XenbusStateClosed);
  }

  private async letGo({address, opened}: Attached): Promise<void> {
    await this.bus.detach(address);
    opened.close();
  }

  /** Of one that the toolstack has just taken away nothing is written. */
  private async setState(name: string, state: XenbusState): Promise<void> {
    const {xs, path} = this.device;
    const node = `${path}/vscsi-devs/${name}/state`;
    await xs.transaction(async (tx) => {
      if ((await xs.read(node, tx)) !== undefined) await xs.write(node, String(state), tx);
    });
  }
}
