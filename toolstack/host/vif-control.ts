import {NetBackend} from '../../backends/net/index.ts';
import {formatNetFaults, type NetFaults} from '../../backends/network/index.ts';
import type {DomId} from '../../hypervisor/index.ts';
import type {Schedule} from '../../hypervisor/schedule/index.ts';
import type {VifConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {HostVifs, VifFaults, VifListing} from './api.ts';
import type {DeviceBuses} from './device-buses.ts';
import type {Devices} from './devices.ts';
import type {DomainRecords} from './domain-records.ts';
import type {Vifs} from './vifs.ts';

export interface VifControlParts {
  clock: Schedule;
  records: DomainRecords;
  buses: DeviceBuses;
  devices: Devices;
  vifs: Vifs;
}

/** @see HostVifs, with a look at backends. */
export class VifControl implements HostVifs {
  private readonly parts: VifControlParts;

  constructor(parts: VifControlParts) {
    this.parts = parts;
  }

  async attach(domid: DomId, vif: VifConfig): Promise<void> {
    const {records, vifs} = this.parts;
    const record = records.get(domid);
    const attached = await records.change(record, () => vifs.attach(record, vif));
    record.config = {...record.config, vifs: [...record.config.vifs, attached]};
  }

  async detach(domid: DomId, which: string): Promise<void> {
    const {records, devices, vifs} = this.parts;
    const record = records.get(domid);
    const device = vifs.find(record, which);
    await records.change(record, () => devices.detach(record, device, false));
    record.config = {...record.config, vifs: record.config.vifs.filter((vif) => vif.devid !== device.devid)};
  }

  list(domid: DomId): Promise<VifListing[]> {
    const {clock, records, vifs} = this.parts;
    return clock.drive(vifs.list(records.get(domid)));
  }

  /** The backend: its statistics and frames. */
  backend(domid: DomId, which: string): NetBackend {
    const {records, buses, vifs} = this.parts;
    return buses.backend(vifs.find(records.get(domid), which), NetBackend);
  }

  ethtool(domid: DomId, which: string): Record<string, number> {
    return this.backend(domid, which).ethtool();
  }

  setLink(domid: DomId, which: string, isUp: boolean): void {
    this.backend(domid, which).setLink(isUp);
  }

  faults(domid: DomId, which: string): VifFaults {
    const {bridge, name} = this.backend(domid, which);
    const counts = bridge.links.find(({port}) => port.name === name)?.faultCounts;
    const faults = formatNetFaults(bridge.faultsOf(name));
    return {faults, lost: 0, duplicated: 0, held: 0, ...counts};
  }

  setFaults(domid: DomId, which: string, faults: NetFaults): void {
    const {bridge, name} = this.backend(domid, which);
    bridge.inject(name, faults);
  }

  captured(domid: DomId, which?: string): readonly NetBackend[] {
    if (which !== undefined) return [this.backend(domid, which)];
    const {records, buses} = this.parts;
    const vifs = [...records.get(domid).devices.values()].filter(({kind}) => kind === 'vif');
    if (vifs.length === 0) throw new ToolstackError('ENODEV', `pvsim: domain ${domid} has no network device`);
    return vifs.map((device) => buses.backend(device, NetBackend));
  }
}
