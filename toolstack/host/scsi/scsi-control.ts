import {ScsiBackend} from '../../../backends/scsi/index.ts';
import type {ScsiUnit} from '../../../frontends/api.ts';
import {ScsiFrontend} from '../../../frontends/scsi/index.ts';
import {parseScsiAddress} from '../../../hypervisor/abi/io/vscsi-address.ts';
import type {DomId} from '../../../hypervisor/index.ts';
import type {Schedule} from '../../../hypervisor/schedule/index.ts';
import {parseVscsiSpec} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {IscsiServer, type Listen} from '../../export/index.ts';
import type {HostScsi, VscsiListing} from '../api.ts';
import type {DeviceBuses} from '../device-buses.ts';
import type {DomainRecords} from '../domain-records.ts';
import {absoluteVscsiSpec} from './unit-path.ts';
import type {Vscsi} from './vscsi.ts';

export interface ScsiControlParts {
  clock: Schedule;
  records: DomainRecords;
  buses: DeviceBuses;
  vscsi: Vscsi;
}

/** @see HostScsi, with a look at backends. */
export class ScsiControl implements HostScsi {
  private readonly parts: ScsiControlParts;

  constructor(parts: ScsiControlParts) {
    this.parts = parts;
  }

  async attach(domid: DomId, spec: string, baseDir = process.cwd()): Promise<void> {
    const {records, vscsi} = this.parts;
    const record = records.get(domid);
    const config = parseVscsiSpec(spec);
    await records.change(record, () => vscsi.attach(record, config, baseDir));
    const attached = absoluteVscsiSpec(spec, baseDir);
    record.config = {...record.config, vscsi: [...(record.config.vscsi ?? []), attached]};
  }

  async detach(domid: DomId, vdev: string, {force = false} = {}): Promise<void> {
    const {records, vscsi} = this.parts;
    const record = records.get(domid);
    const address = parseScsiAddress(vdev);
    if (address === undefined) throw new ToolstackError('EINVAL', `"${vdev}" is no host:channel:target:lun`);
    await records.change(record, () => vscsi.detach(record, address, force));
    const isGone = (spec: string): boolean => spec.split(',')[1]?.trim() === vdev;
    record.config = {...record.config, vscsi: record.config.vscsi?.filter((spec) => !isGone(spec))};
  }

  list(domid: DomId): Promise<VscsiListing[]> {
    const {clock, records, vscsi} = this.parts;
    return clock.drive(vscsi.list(records.get(domid)));
  }

  async exportIscsi(domids: readonly DomId[], vhost: number, listen: Listen): Promise<IscsiServer> {
    const {records, buses} = this.parts;
    const guests = domids.map((domid) => {
      records.get(domid);
      return (): readonly ScsiUnit[] => {
        const frontend = buses.frontendsOf(domid)?.instance(`device/vscsi/${vhost}`);
        return frontend instanceof ScsiFrontend ? frontend.connectedUnits : [];
      };
    });
    const empty = guests.findIndex((units) => units().length === 0);
    if (empty >= 0) {
      const own = buses.frontendsOf(domids[empty]) === undefined ? 'belongs to a kernel of its own' : 'has no units';
      throw new ToolstackError('ENODEV', `pvsim: SCSI host ${vhost} of domain ${domids[empty]} ${own}`);
    }
    const name = records
      .get(domids[0])
      .config.name.toLowerCase()
      .replaceAll(/[^a-z0-9.-]/g, '-');
    return IscsiServer.listen({prefix: `iqn.2026-11.local.pvsim:${name}.${vhost}`, guests, listen});
  }

  /** The backend of a host: its statistics. */
  backend(domid: DomId, vhost: number): ScsiBackend {
    const {records, buses} = this.parts;
    const devices = [...records.get(domid).devices.values()];
    const device = devices.find(({kind, devid}) => kind === 'vscsi' && devid === vhost);
    if (device === undefined) throw new ToolstackError('ENODEV', `domain ${domid} has no SCSI host ${vhost}`);
    return buses.backend(device, ScsiBackend);
  }
}
