import {consoleNodes} from '../../builder/index.ts';
import {parseDiskSpec, parseVscsiSpec} from '../../config/index.ts';
import {onlyDom0} from '../../host/backend-domain.ts';
import {Devices} from '../../host/devices.ts';
import {Disks} from '../../host/disks.ts';
import {Hotplug} from '../../host/hotplug.ts';
import type {DomainRecord} from '../../host/record.ts';
import {UnitRegistry} from '../../host/scsi/unit-registry.ts';
import {unitSetOpener} from '../../host/scsi/unit-sets.ts';
import {Vscsi} from '../../host/scsi/vscsi.ts';
import type {ToolstackHost, ToolstackUnderTest} from './toolstack.ts';

/** The daemon's device room, without the daemon. */
export const ownToolstack = ({clock, xs, domid}: ToolstackHost): ToolstackUnderTest => {
  const hotplug = new Hotplug({clock, xs, vifs: {check: () => undefined}});
  const devices = new Devices(clock, xs, hotplug);
  const disks = new Disks({clock, xs, devices, hotplug, findBackend: onlyDom0});
  const registry = new UnitRegistry(unitSetOpener({clock, report: () => undefined}));
  const vscsi = new Vscsi({clock, xs, devices, registry});
  const unitOf = (vDev: string): ReturnType<typeof parseVscsiSpec> => parseVscsiSpec(`disk:ram:1m,${vDev}`);
  const record: DomainRecord = {
    domid,
    config: {} as DomainRecord['config'],
    abi: 'x86_64',
    baseDir: '/',
    devices: new Map(),
    stopGuest: () => undefined,
    destroying: undefined,
    lastOperation: Promise.resolve(),
  };
  return {
    attachDisk: () => disks.attach(record, parseDiskSpec('ram:1m,raw,xvda,rw'), '/'),
    detachDisk: (force) => devices.detach(record, disks.find(record, 'xvda'), force),
    attachUnit: (vDev) => vscsi.attach(record, unitOf(vDev), '/'),
    detachUnit: (vDev) => vscsi.detach(record, unitOf(vDev).vdev, false),
    makeConsole: (gfn, port) => devices.write(record, consoleNodes(domid, gfn, port)),
    listDisks: async () => (await disks.list(record)).map(({backendPath}) => backendPath),
  };
};
