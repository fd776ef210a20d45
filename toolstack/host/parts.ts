import {blockBackend} from '../../backends/block/index.ts';
import {ConsoleDaemon} from '../../backends/console/index.ts';
import {netBackend} from '../../backends/net/index.ts';
import {scsiBackend} from '../../backends/scsi/index.ts';
import {Ledger} from '../../hypervisor/cost/index.ts';
import {DOM0, Hypervisor} from '../../hypervisor/index.ts';
import {realClock, type Schedule} from '../../hypervisor/schedule/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {mapDomainRing, type RequestTrace, SyncXs, XsClient, Xenstored} from '../../hypervisor/xenstore/index.ts';
import {vdevToNumber} from '../config/index.ts';
import type {HostOptions} from './api.ts';
import {backendDomainFinder} from './backend-domain.ts';
import {DEFAULT_BRIDGES} from './bridges.ts';
import {ConsoleControl} from './console-control.ts';
import {ConsoleLogs} from './console-log.ts';
import {CpuControl} from './cpus/index.ts';
import {DeviceBuses} from './device-buses.ts';
import {Devices} from './devices.ts';
import {DiskControl} from './disk-control.ts';
import {Disks} from './disks.ts';
import {createDom0, type Dom0} from './dom0.ts';
import {Dom0Network} from './dom0-network.ts';
import {DomainRecords} from './domain-records.ts';
import {bootDriverDomain} from './driver-domain.ts';
import {GuestControl} from './guest-control.ts';
import {Hotplug} from './hotplug.ts';
import {Lifecycle} from './lifecycle.ts';
import {MemoryControl} from './memory-control.ts';
import {Names} from './names.ts';
import type {RamDiskOf} from './ram-disks.ts';
import {RefereeControl} from './referee-control.ts';
import {NewDevices} from './restore-devices.ts';
import {ScsiControl} from './scsi/scsi-control.ts';
import {UnitRegistry} from './scsi/unit-registry.ts';
import {unitSetOpener} from './scsi/unit-sets.ts';
import {Vscsi} from './scsi/vscsi.ts';
import {ToolstackXs} from './toolstack-xs.ts';
import {VifScripts} from './vif-scripts.ts';
import {VifControl} from './vif-control.ts';
import {Vifs} from './vifs.ts';

/** What a host is made of: the hypervisor, what runs in dom0, and the toolstack's own. */
export interface HostParts {
  clock: Schedule;
  xen: Hypervisor;
  store: Xenstored;
  /** Dom0's client of the store. */
  xs: XsClient;
  network: Dom0Network;
  consoles: ConsoleDaemon;
  consoleControl: ConsoleControl;
  logs: ConsoleLogs | undefined;
  backends: XenbusBus;
  buses: DeviceBuses;
  records: DomainRecords;
  names: Names;
  control: GuestControl;
  memory: MemoryControl;
  cpus: CpuControl;
  disks: DiskControl;
  vifs: VifControl;
  scsi: ScsiControl;
  lifecycle: Lifecycle;
  ramDiskOf: RamDiskOf;
  referee: RefereeControl;
}

/** Makes them and joins them; nothing has started yet. */
export const makeParts = (options: HostOptions): HostParts => {
  const clock = options.clock ?? realClock();
  const xen = new Hypervisor({
    schedule: clock,
    memoryMib: options.memoryMib,
    faults: options.faults,
    sched: {cpus: options.cpus, policy: options.scheduler},
    ...(options.ledger === true && {ledger: new Ledger()}),
  });
  const dom0 = createDom0(xen);
  const referee = new RefereeControl(xen);
  if (options.referee === true) referee.watchAll();
  const store = makeStore(xen, dom0, (request) => {
    referee.onRequest(request);
    newDevices.onRequest(request);
  });
  const connect = connector(store);
  const xs = new ToolstackXs(connect('toolstack'));
  const newDevices = new NewDevices(xs);
  const bridges = options.bridges ?? DEFAULT_BRIDGES;
  const network = new Dom0Network(dom0.ops, bridges, () => clock.random());
  const logs = options.logDir === undefined ? undefined : new ConsoleLogs(options.logDir);
  const consoles = new ConsoleDaemon({
    ops: dom0.ops,
    xs: new XsClient(connect('xenconsoled')),
    log: (domid, bytes) => logs?.write(domid, bytes),
  });
  const {diskFeatures, fileCalls} = options;
  const {networks} = network;
  const hotplug = new Hotplug({
    clock,
    xs: new XsClient(connect('hotplug')),
    vifs: new VifScripts(network, (domid) => names.nameOf(domid)),
    fileCalls,
  });
  const scsiUnits = new UnitRegistry(unitSetOpener({clock, report: (line) => xen.log(line)}));
  const backends = new XenbusBus(dom0.ops, new XsClient(connect('dom0-kernel')), 'backend', [
    blockBackend({open: hotplug.takeDisk, features: diskFeatures}),
    netBackend({networks}),
    scsiBackend(scsiUnits.take),
  ]);
  const records = new DomainRecords(clock);
  const names = new Names(new SyncXs(connect('toolstack')), () => xen.domainTable.keys());
  const devices = new Devices(clock, xs, hotplug);
  const findBackend = backendDomainFinder(names, (domid) => records.find(domid));
  const disks = new Disks({clock, xs, devices, hotplug, findBackend});
  const vifs = new Vifs({clock, xs, devices, hotplug, findBackend});
  const vscsi = new Vscsi({clock, xs, devices, registry: scsiUnits});
  const ramDiskOf: RamDiskOf = (record, vdev) => {
    const isIt = ({kind, devid}: {kind: string; devid: number}): boolean =>
      kind === 'vbd' && devid === vdevToNumber(vdev);
    const device = [...record.devices.values()].find(isIt);
    return device && hotplug.ramDisk(device);
  };
  const buses = new DeviceBuses(backends);
  const cpus = new CpuControl({
    xen,
    xs,
    nameOf: (domid) => names.nameOf(domid),
    recordOf: (domid) => records.find(domid),
  });
  const lifecycle = new Lifecycle({
    xen,
    store,
    xs,
    dom0,
    networks,
    newDevices,
    ramDisk: ramDiskOf,
    records,
    devices,
    disks,
    vifs,
    vscsi,
    consoles,
    logs,
    names,
    cpus,
    watch: (domid) => referee.watch(domid),
    onBoot: ({domid}, {bus}) => buses.addFrontends(domid, bus),
    bootDriverDomain: (kernel) => {
      const names = bridges.filter(({nat}) => nat === undefined).map(({name}) => name);
      const guest = bootDriverDomain(kernel, {clock, bridges: names, diskFeatures, fileCalls});
      buses.addBackends(kernel.ops.domid, guest.backends);
      return guest;
    },
  });
  return {
    clock,
    xen,
    store,
    xs: new XsClient(connect('dom0')),
    network,
    consoles,
    consoleControl: new ConsoleControl(consoles, records),
    logs,
    backends,
    buses,
    records,
    names,
    control: new GuestControl(clock, xen, xs, names),
    memory: new MemoryControl(xen, xs),
    cpus,
    disks: new DiskControl({clock, records, buses, devices, disks, ramDiskOf}),
    vifs: new VifControl({clock, records, buses, devices, vifs}),
    scsi: new ScsiControl({clock, records, buses, vscsi}),
    lifecycle,
    ramDiskOf,
    referee,
  };
};

const makeStore = (xen: Hypervisor, {ops}: Dom0, onRequest: (request: RequestTrace) => void): Xenstored => {
  const store: Xenstored = new Xenstored({
    domainExists: (domid) => xen.domain(domid) !== undefined,
    introduceHook: (domid, _gfn, port) => mapDomainRing(ops, domid, port, () => store.onEvent(domid)),
    defer: (task) => xen.schedule.post(task),
    onRequest: (request) => {
      traceRequest(xen, request);
      onRequest(request);
    },
    conflictFault: () => xen.faults.active && xen.faults.hit('storeConflict'),
  });
  return store;
};

/** Dom0's programs have a connection each, as in a real dom0: watchers and traces tell them apart. */
const connector = (store: Xenstored) => (label: string) => store.connectInProcess(DOM0, label);

const traceRequest = (xen: Hypervisor, {connection, domId, txId, type, payload, reply}: RequestTrace): void => {
  if (!xen.trace.on) return;
  const plain = (text: string): string => JSON.stringify(text.replaceAll('\0', ' ').trimEnd());
  xen.trace.emit('xenstore_request', domId, connection, txId, type, plain(payload), plain(String(reply)));
};
