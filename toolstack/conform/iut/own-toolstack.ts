import {consoleNodes} from '../../builder/index.ts';
import {parseDiskSpec} from '../../config/index.ts';
import {onlyDom0} from '../../host/backend-domain.ts';
import {Devices} from '../../host/devices.ts';
import {Disks} from '../../host/disks.ts';
import {Hotplug} from '../../host/hotplug.ts';
import type {DomainRecord} from '../../host/record.ts';
import type {ToolstackHost, ToolstackUnderTest} from './toolstack.ts';

/** The daemon's device room, without the daemon. */
export const ownToolstack = ({clock, xs, domid}: ToolstackHost): ToolstackUnderTest => {
  const hotplug = new Hotplug({clock, xs, vifs: {check: () => undefined}});
  const devices = new Devices(clock, xs, hotplug);
  const disks = new Disks({clock, xs, devices, hotplug, findBackend: onlyDom0});
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
    makeConsole: (gfn, port) => devices.write(record, consoleNodes(domid, gfn, port)),
    listDisks: async () => (await disks.list(record)).map(({backendPath}) => backendPath),
  };
};
