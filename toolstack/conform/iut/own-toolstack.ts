import {parseDiskSpec} from '../../config/index.ts';
import {Devices} from '../../host/devices.ts';
import {Hotplug} from '../../host/hotplug.ts';
import type {DomainRecord} from '../../host/record.ts';
import type {ToolstackHost, ToolstackUnderTest} from './toolstack.ts';

/** The daemon's device room, without the daemon. */
export const ownToolstack = ({clock, xs, domid}: ToolstackHost): ToolstackUnderTest => {
  const devices = new Devices(clock, xs, new Hotplug({clock, xs, hasBridge: () => true}));
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
    attachDisk: () => devices.attachDisk(record, parseDiskSpec('ram:1m,raw,xvda,rw'), '/'),
    detachDisk: (force) => devices.detach(record, devices.findDisk(record, 'xvda'), force),
    listDisks: async () => (await devices.listDisks(record)).map(({backendPath}) => backendPath),
  };
};
