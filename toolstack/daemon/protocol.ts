import type {AccountName, PrimitiveName} from '../../hypervisor/cost/index.ts';
import type {ArincSchedule, PoolParameters} from '../../hypervisor/sched/index.ts';
import type {DiskConfig, DomainConfig, VifConfig} from '../config/index.ts';
import type {CpuPoolListing, DomainSchedule, ScheduleChange, Scheduler, VcpuListing} from '../host/cpus/index.ts';
import type {TopSample} from '../host/top.ts';
import type {
  BridgeListing,
  ConsoleType,
  DiskListing,
  DomainSummary,
  HostInfo,
  ShutdownTrigger,
  VifFaults,
  VifListing,
  VscsiListing,
} from '../host/api.ts';
import type {HeaderInfo} from '../host/save-header.ts';

/** Both ends must have the same; raised with every change that an older end would not understand. */
export const PROTOCOL = 1;

/** Largest message, and most unread bytes of a peer that sends no complete message. */
export const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

export interface DaemonInfo {
  readonly protocol: number;
  /** Version of pvsim. */
  readonly version: string;
  readonly pid: number;
  readonly home: string;
}

/** What one end of a device has cost: counts above 0, by primitive. @see docs/cost-model.md */
export interface CostEntry extends AccountName {
  readonly counts: Partial<Record<PrimitiveName, number>>;
}

/** Requests of a client: JSON-RPC 2.0 with named parameters, framed as in the Language Server Protocol's base. */
export interface Methods {
  /** Must come first on a connection. */
  hello: {params: {protocol: number}; result: DaemonInfo};
  /** Shuts guests down, at most so long each, and answers when nothing runs any more; then the daemon exits. */
  stop: {params: {graceMs: number}; result: null};

  'domain.create': {params: {config: DomainConfig; baseDir: string; paused: boolean}; result: {domid: number}};
  /** A config of null is the domain's own. The file's directory is the caller's business: the path is absolute. */
  'domain.save': {
    params: {
      domid: number;
      file: string;
      config: DomainConfig | null;
      baseDir: string;
      preserveDomid: boolean;
      leave: 'destroyed' | 'running' | 'paused';
    };
    result: HeaderInfo;
  };
  /** A config of null is the saved one. */
  'domain.restore': {
    params: {file: string; config: DomainConfig | null; baseDir: string; paused: boolean};
    result: {domid: number};
  };
  'domain.list': {params: object; result: DomainSummary[]};
  /** Digits only: that domid, whether it exists or not; else the domain of that name, or null. */
  'domain.resolve': {params: {name: string}; result: number | null};
  'domain.config': {params: {domid: number}; result: DomainConfig};
  'domain.setConfig': {params: {domid: number; config: DomainConfig}; result: null};
  'domain.pause': {params: {domid: number}; result: null};
  'domain.unpause': {params: {domid: number}; result: null};
  'domain.shutdown': {params: {domid: number; trigger: ShutdownTrigger}; result: null};
  /** SHUTDOWN_* when the domain has shut down, null when it was destroyed before. */
  'domain.waitShutdown': {params: {domid: number}; result: number | null};
  /** Answers when the domain is gone. */
  'domain.waitDestroyed': {params: {domid: number}; result: null};
  'domain.destroy': {params: {domid: number}; result: null};
  'domain.rename': {params: {domid: number; name: string}; result: null};

  'domain.suspend': {params: {domid: number}; result: null};
  'domain.resume': {params: {domid: number}; result: null};
  'domain.setMemoryTarget': {params: {domid: number; targetKib: number}; result: null};
  'domain.setMaxMemory': {params: {domid: number; maxKib: number}; result: null};

  'domain.sysrq': {params: {domid: number; letter: string}; result: null};

  'vcpu.list': {params: {domid: number}; result: VcpuListing[]};
  'vcpu.setOnline': {params: {domid: number; count: number}; result: null};
  /** null: all vCPUs; an affinity that stays as it is. */
  'vcpu.pin': {
    params: {domid: number; vcpu: number | null; hard: readonly number[] | null; soft: readonly number[] | null};
    result: null;
  };
  'pool.list': {params: object; result: CpuPoolListing[]};
  'pool.create': {params: {name: string; scheduler: Scheduler; cpus: readonly number[]}; result: {id: number}};
  'pool.destroy': {params: {id: number}; result: null};
  'pool.rename': {params: {id: number; name: string}; result: null};
  'pool.addCpus': {params: {id: number; cpus: readonly number[]}; result: null};
  'pool.removeCpus': {params: {id: number; cpus: readonly number[]}; result: null};
  'pool.move': {params: {domid: number; id: number}; result: null};
  'pool.setParameters': {params: {id: number; parameters: Partial<PoolParameters>}; result: null};
  /** Windows of vCPUs in a major frame, for a pool under arinc653. */
  'pool.setArincSchedule': {params: {id: number; schedule: ArincSchedule}; result: null};
  'schedule.get': {params: {domid: number}; result: DomainSchedule};
  'schedule.set': {params: {domid: number; scheduler: Scheduler; change: ScheduleChange}; result: null};

  'disk.attach': {params: {domid: number; disk: DiskConfig; baseDir: string}; result: null};
  'disk.detach': {params: {domid: number; vdev: string; force: boolean}; result: null};
  /** A drive's medium; none: it is taken out. */
  'disk.change': {params: {domid: number; disk: DiskConfig; baseDir: string}; result: null};
  'disk.list': {params: {domid: number}; result: DiskListing[]};
  'vif.attach': {params: {domid: number; vif: VifConfig}; result: null};
  /** By device number or MAC address. */
  'vif.detach': {params: {domid: number; which: string}; result: null};
  'vif.list': {params: {domid: number}; result: VifListing[]};
  'scsi.attach': {params: {domid: number; spec: string; baseDir: string}; result: null};
  'scsi.detach': {params: {domid: number; vdev: string; force: boolean}; result: null};
  'scsi.list': {params: {domid: number}; result: VscsiListing[]};

  'vif.ethtool': {params: {domid: number; which: string}; result: Record<string, number>};
  'vif.link': {params: {domid: number; which: string; isUp: boolean}; result: null};
  'net.bridges': {params: object; result: BridgeListing[]};
  /** As `--bridge` and `--uplink` of a host have them, without the bridge's name in the latter. */
  'net.addBridge': {params: {bridge: string; uplinks: readonly string[]}; result: null};
  /** Changes what goes wrong with frames of a network device, unless null: "loss=1% delay=5ms", "none". */
  'vif.faults': {params: {domid: number; which: string; faults: string | null}; result: VifFaults};

  /**
   * Exports a disk as the guest's frontend sees it over NBD, until the connection that asked ends: on a Unix socket, or
   * when `socket` is empty on a port of loopback, 0 for any.
   */
  'export.nbd': {params: {domid: number; vdev: string; socket: string; port: number}; result: {uri: string}};
  /** Exports the SCSI units of a host over iSCSI, until the connection that asked ends, on a port of loopback. */
  'export.iscsi': {params: {domids: readonly number[]; vhost: number; port: number}; result: {uris: string[]}};

  /**
   * Packets of one network device, by number or MAC address, or of all that the domain has, come as a pcapng file in
   * notifications until `capture.closed`: after `count` packets (0: no limit), `capture.stop`, or the devices' end.
   */
  'capture.start': {params: {domid: number; which: string | null; count: number}; result: {stream: number}};
  'capture.stop': {params: {stream: number}; result: null};

  /** Console output comes as notifications until `console.closed`; first what was kept from before. */
  'console.attach': {params: {domid: number; type: ConsoleType}; result: {stream: number}};
  'console.detach': {params: {stream: number}; result: null};

  /** What happens comes as `host.event` notifications from then on; from level 2 on states of devices, too. */
  'host.follow': {params: {level: number}; result: null};
  'host.info': {params: object; result: HostInfo};
  'host.top': {params: object; result: TopSample};
  /** The ledger, or null where none is kept. */
  'host.costs': {params: object; result: CostEntry[] | null};
  'host.debugKeys': {params: {keys: string}; result: null};
  'host.dmesg': {params: {clear: boolean}; result: readonly string[]};
}

export type Method = keyof Methods;
export type Params<M extends Method> = Methods[M]['params'];
export type Result<M extends Method> = Methods[M]['result'];

/** Notifications of the daemon. `data` is base64. */
export interface ServerNotifications {
  'console.output': {stream: number; data: string};
  'console.closed': {stream: number};
  'capture.output': {stream: number; data: string};
  /** All of the capture has been sent. */
  'capture.closed': {stream: number; packets: number; dropped: number};
  /** Something has happened, in words. */
  'host.event': {line: string};
  /** The last message of a daemon. */
  'host.stopped': object;
}

/** Notifications of a client. `data` is base64. */
export interface ClientNotifications {
  'console.input': {stream: number; data: string};
}

/** Extra of an error response that stands for a ToolstackError. */
export interface ErrorData {
  readonly code: string;
  readonly exitStatus: number;
}

/** Error responses that stand for a ToolstackError. Below -32000 is JSON-RPC's own. */
export const TOOLSTACK_ERROR = 1;

/** Exit status of a daemon that was started where one runs. */
export const EXIT_ALREADY_RUNNING = 3;
