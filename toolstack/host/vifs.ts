import {DOM0} from '../../hypervisor/index.ts';
import {type DeviceNodes, vifNodes} from '../builder/index.ts';
import {generateMac, VIF_DEFAULTS, type VifConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {VifListing} from './api.ts';
import {refuseOwnBackend, refuseSecond} from './device-checks.ts';
import type {DeviceParts} from './device-parts.ts';
import {listedNumber} from './listed-number.ts';
import type {DomainRecord} from './record.ts';

/** Network interfaces of domains, as libxl attaches and lists them. */
export class Vifs {
  private readonly parts: DeviceParts;

  constructor(parts: DeviceParts) {
    this.parts = parts;
  }

  /** Returns the interface as it was attached, with its number and address. */
  async attach(record: DomainRecord, vif: VifConfig): Promise<VifConfig> {
    const {clock, devices, hotplug, findBackend} = this.parts;
    const bridge = vif.bridge ?? VIF_DEFAULTS.bridge;
    const mac = vif.mac ?? generateMac(() => clock.random());
    const devid = vif.devid ?? freeDevid(record, 'vif');
    const backendDomid = findBackend(`vif ${devid}`, vif.backend);
    refuseOwnBackend(record, backendDomid);
    if (backendDomid === DOM0) hotplug.checkVif(record.domid, {...vif, bridge});
    const device = vifNodes(record.domid, devid, {...vif, bridge, mac}, backendDomid);
    refuseSecond(record, device);
    const {backendPath, frontendPath} = device;
    const online = {backendPath, domid: record.domid, mac, bridge, script: vif.script, ip: vif.ip};
    const mtu = String(vif.mtu ?? VIF_DEFAULTS.mtu);
    await devices.attach(record, device, () => hotplug.vif(online, {frontendPath, mtu}));
    if (backendDomid === DOM0) record.emulated?.addNic({...vif, devid, mac, bridge});
    return {...vif, devid, mac};
  }

  find(record: DomainRecord, which: string): DeviceNodes {
    const mac = which.toLowerCase();
    for (const device of record.devices.values()) {
      if (device.kind !== 'vif') continue;
      if (String(device.devid) === which || device.frontend.some(([name, value]) => name === 'mac' && value === mac)) {
        return device;
      }
    }
    throw new ToolstackError('ENODEV', `Unknown device ${which}.`);
  }

  async list(record: DomainRecord): Promise<VifListing[]> {
    const {xs} = this.parts;
    const rows: VifListing[] = [];
    for (const device of record.devices.values()) {
      if (device.kind !== 'vif') continue;
      rows.push({
        devid: device.devid,
        backendDomid: device.backendDomid,
        mac: (await xs.read(`${device.frontendPath}/mac`)) ?? '',
        handle: device.devid,
        state: await listedNumber(xs, `${device.frontendPath}/state`),
        evtch: await listedNumber(xs, `${device.frontendPath}/event-channel`),
        txRingRef: await listedNumber(xs, `${device.frontendPath}/tx-ring-ref`),
        rxRingRef: await listedNumber(xs, `${device.frontendPath}/rx-ring-ref`),
        backendPath: device.backendPath,
      });
    }
    return rows;
  }
}

const freeDevid = (record: DomainRecord, kind: string): number => {
  const used = new Set([...record.devices.values()].filter((device) => device.kind === kind).map(({devid}) => devid));
  let devid = 0;
  while (used.has(devid)) devid++;
  return devid;
};
