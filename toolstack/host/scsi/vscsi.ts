import {formatScsiAddress, type HostedScsiAddress} from '../../../hypervisor/abi/io/vscsi-address.ts';
import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateReconfiguring,
} from '../../../hypervisor/abi/io/xenbus.ts';
import type {Schedule} from '../../../hypervisor/schedule/index.ts';
import {parseState} from '../../../hypervisor/xenbus/index.ts';
import type {XsClient} from '../../../hypervisor/xenstore/index.ts';
import {clear, type DeviceNodes, vscsiNodes, vscsiUnitNodes, type VscsiUnitNodes} from '../../builder/index.ts';
import {type VscsiConfig} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import type {VscsiListing} from '../api.ts';
import type {Devices} from '../devices.ts';
import {EXIT_CREATE_FAILED} from '../hotplug.ts';
import type {DomainRecord} from '../record.ts';
import {waitForNode} from '../wait.ts';
import {unitPath} from './unit-path.ts';
import type {UnitRegistry} from './unit-registry.ts';

/** libxl's patience with a guest that should take a device, or let it go. */
const CHANGE_TIMEOUT_NS = 10e9;

export interface VscsiParts {
  clock: Schedule;
  xs: XsClient;
  devices: Devices;
  registry: UnitRegistry;
}

interface Unit extends VscsiUnitNodes {
  readonly vdev: HostedScsiAddress;
}

/** SCSI hosts of domains and the units on them, as the proposal for libxl attaches and lists them. */
export class Vscsi {
  private readonly parts: VscsiParts;
  /** Units of each host, by its backend's directory. */
  private readonly units = new Map<string, Unit[]>();

  constructor(parts: VscsiParts) {
    this.parts = parts;
    parts.devices.removed.subscribe(({backendPath}) => this.forget(backendPath));
  }

  /** Gives a domain that is being made its hosts, each with all of its units. */
  async build(record: DomainRecord, configs: readonly VscsiConfig[], baseDir: string): Promise<void> {
    for (const vhost of new Set(configs.map(({vdev}) => vdev.host))) {
      const ofHost = configs.filter(({vdev}) => vdev.host === vhost);
      const units = await this.plugAll(ofHost, baseDir);
      const host = vscsiNodes(record.domid, vhost, units);
      this.units.set(host.backendPath, units);
      await this.parts.devices.attach(record, host, () => Promise.resolve());
    }
  }

  /**
   * Adds a unit to a domain that runs. A new host needs not more than its backend (InitWait), a unit on a host that is
   * connected both ends: as the proposal's vscsictrl_new_backend and vscsictrl_do_reconfigure_add have it.
   */
  async attach(record: DomainRecord, config: VscsiConfig, baseDir: string): Promise<void> {
    const host = this.findHost(record, config.vdev.host);
    if (host === undefined) return this.build(record, [config], baseDir);
    const known = this.units.get(host.backendPath) ?? [];
    const units = await this.plug(config, baseDir, known);
    this.units.set(host.backendPath, [...known, ...units]);
    await this.reconfigure(host, units.flatMap(vscsiUnitNodes));
    for (const {index, vDev} of units) {
      const state = await this.settledState(host, index, XenbusStateConnected);
      if (state === XenbusStateClosed) await this.dropUnit(host, index);
      if (state === XenbusStateClosed) throw refusal(`Domain ${record.domid}:SCSI unit ${vDev} cannot be used`);
    }
  }

  /** Takes a unit away; with the last one its host goes, too. */
  async detach(record: DomainRecord, vdev: HostedScsiAddress, force: boolean): Promise<void> {
    const host = this.findHost(record, vdev.host);
    const vDev = formatScsiAddress(vdev);
    const unit = host && this.units.get(host.backendPath)?.find((each) => each.vDev === vDev);
    if (host === undefined || unit === undefined)
      throw new ToolstackError('ENODEV', `Error: Device ${vDev} not connected.`);
    if (this.units.get(host.backendPath)?.length === 1) return this.parts.devices.detach(record, host, force);
    const connected = await this.reconfigure(host, [
      [`vscsi-devs/dev-${unit.index}/state`, String(XenbusStateClosing)],
    ]);
    const state = connected ? await this.settledState(host, unit.index, XenbusStateClosed) : XenbusStateClosed;
    if (state !== XenbusStateClosed && !force) {
      throw new ToolstackError('ETIMEDOUT', `libxl: error: Domain ${record.domid}:unable to remove SCSI unit ${vDev}`);
    }
    await this.dropUnit(host, unit.index);
  }

  async list(record: DomainRecord): Promise<VscsiListing[]> {
    const rows: VscsiListing[] = [];
    for (const host of record.devices.values()) {
      for (const {index, pDev, vDev, pDevname} of this.units.get(host.backendPath) ?? []) {
        rows.push({
          vhost: host.devid,
          index,
          backendDomid: host.backendDomid,
          state: await this.unitState(host, index),
          pDev,
          vDev,
          pDevname,
          backendPath: host.backendPath,
        });
      }
    }
    return rows;
  }

  private async plugAll(configs: readonly VscsiConfig[], baseDir: string): Promise<Unit[]> {
    const units: Unit[] = [];
    try {
      for (const config of configs) units.push(...(await this.plug(config, baseDir, units)));
      return units;
    } catch (error) {
      for (const {pDev} of units) this.parts.registry.unplug(pDev);
      throw error;
    }
  }

  /** Opens what a configuration names. A changer's drives stand at the LUNs behind it. */
  private async plug({vdev, ...config}: VscsiConfig, baseDir: string, known: readonly Unit[]): Promise<Unit[]> {
    const path = unitPath(config.path, baseDir);
    const addresses = await this.parts.registry.plug({...config, vdev}, path);
    const units = addresses.map((pDev, i): Unit => {
      const address = {...vdev, lun: vdev.lun + i};
      const vDev = formatScsiAddress(address);
      return {index: freeIndex(known, i), pDev, vDev, vdev: address, pDevname: `${config.kind}:${path}`};
    });
    const taken = units.find(({vDev}) => known.some((each) => each.vDev === vDev));
    if (taken === undefined) return units;
    for (const pDev of addresses) this.parts.registry.unplug(pDev);
    throw refusal(`SCSI unit ${taken.vDev} is in use`);
  }

  private findHost({devices}: DomainRecord, vhost: number): DeviceNodes | undefined {
    return [...devices.values()].find(({kind, devid}) => kind === 'vscsi' && devid === vhost);
  }

  /** Writes nodes of a host and has a backend that is connected look at them. False: it will, once it is. */
  private reconfigure({backendPath}: DeviceNodes, nodes: readonly (readonly [string, string])[]): Promise<boolean> {
    const {xs} = this.parts;
    return xs.transaction(async (tx) => {
      for (const [name, value] of nodes) await xs.write(`${backendPath}/${name}`, value, tx);
      const connected = parseState(await xs.read(`${backendPath}/state`, tx)) === XenbusStateConnected;
      if (connected) await xs.write(`${backendPath}/state`, String(XenbusStateReconfiguring), tx);
      return connected;
    });
  }

  /** The state of a unit once both ends are done with it, or where they are when that takes too long. */
  private async settledState(host: DeviceNodes, index: number, due: number): Promise<number> {
    const {clock, xs} = this.parts;
    const isSettled = (value: string | undefined): boolean => [due, XenbusStateClosed].includes(parseState(value));
    const node = `${host.backendPath}/vscsi-devs/dev-${index}/state`;
    if (parseState(await xs.read(`${host.backendPath}/state`)) < XenbusStateConnected)
      return this.unitState(host, index);
    await waitForNode(clock, xs, node, isSettled, CHANGE_TIMEOUT_NS);
    return this.unitState(host, index);
  }

  private async unitState({backendPath}: DeviceNodes, index: number): Promise<number> {
    return parseState(await this.parts.xs.read(`${backendPath}/vscsi-devs/dev-${index}/state`));
  }

  private async dropUnit({backendPath, frontendPath}: DeviceNodes, index: number): Promise<void> {
    const {xs, registry} = this.parts;
    const known = this.units.get(backendPath) ?? [];
    for (const unit of known) if (unit.index === index) registry.unplug(unit.pDev);
    this.units.set(
      backendPath,
      known.filter((unit) => unit.index !== index),
    );
    await xs.transaction(async (tx) => {
      await clear(xs, `${backendPath}/vscsi-devs/dev-${index}`, tx);
      await clear(xs, `${frontendPath}/vscsi-devs/dev-${index}`, tx);
    });
  }

  private forget(backendPath: string): void {
    for (const {pDev} of this.units.get(backendPath) ?? []) this.parts.registry.unplug(pDev);
    this.units.delete(backendPath);
  }
}

/** The lowest number that no unit has, and the next ones behind it. */
const freeIndex = (known: readonly Unit[], nth: number): number =>
  Math.max(-1, ...known.map(({index}) => index)) + 1 + nth;

const refusal = (reason: string): ToolstackError =>
  new ToolstackError('EINVAL', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);
