import type {HostTopology} from './cpu-list.ts';
import type {DiskConfig} from './disk-config.ts';
import type {RawValue} from './settings.ts';
import type {VifConfig} from './vif-spec.ts';
import type {JsonObject} from './yajl.ts';

export type GuestType = 'pv' | 'pvh' | 'hvm';

/** What happens to a domain that has shut down, in xl.cfg's spelling. */
export type ShutdownAction =
  'destroy' | 'restart' | 'rename-restart' | 'preserve' | 'coredump-destroy' | 'coredump-restart' | 'soft-reset';

/**
 * What a configuration file asks for, as plain JSON data. What the file leaves open is undefined until
 * withDomainDefaults() fills it in.
 */
export type DomainConfig = {
  name: string;
  /** Lower case, 8-4-4-4-12. */
  uuid: string;
  type: GuestType;
  /** Memory at start, and the most the guest may ever have. */
  memoryKib?: number;
  maxMemoryKib?: number;
  /** vCPUs online at start, and the most there may ever be. */
  vcpus?: number;
  maxVcpus?: number;
  /** A path, or the name of a built-in kernel. */
  kernel?: string;
  ramdisk?: string;
  /** The whole kernel command line, with root= and extra= merged. */
  cmdline?: string;
  /** A saved domain that it goes on from, where another would boot its kernel. */
  warmImage?: string;
  bootloader?: string;
  bootloaderArgs?: string[];
  onPoweroff: ShutdownAction;
  onReboot: ShutdownAction;
  onWatchdog: ShutdownAction;
  onCrash: ShutdownAction;
  onSoftReset: ShutdownAction;
  driverDomain?: boolean;
  /** What its drivers and their backends do is judged by the clauses of the protocols. */
  referee?: boolean;
  maxGrantFrames?: number;
  maxMaptrackFrames?: number;
  maxGrantVersion?: number;
  maxEventChannels?: number;
  disks: DiskConfig[];
  vifs: VifConfig[];
  /** SCSI units, as `vscsi` has them: "pdev, vdev, options". Read when they are attached, as xl ignores the key. */
  vscsi?: readonly string[];
  /** Everything else xl understands, under libxl's names: carried and shown, not used. */
  libxl: LibxlFields;
  /** All settings of the file by key, also those xl does not know. */
  settings: Readonly<Record<string, RawValue>>;
  /** Lines that xl prints on stderr although the file is fine. */
  warnings: readonly string[];
  /** Settings without effect here, about which xl itself says nothing. */
  ignored: readonly IgnoredSetting[];
};

export type LibxlFields = {
  /** libxl_domain_create_info */
  createInfo: JsonObject;
  /** libxl_domain_build_info without its type union */
  buildInfo: JsonObject;
  /** The type union's member for this guest type */
  typeInfo: JsonObject;
  archArm: JsonObject;
  archX86: JsonObject;
  schedParams: JsonObject;
  /** Device lists that have no typed field, by libxl's list name (vfbs, p9s, ...). */
  devices: Readonly<Record<string, readonly JsonObject[]>>;
};

/** `unknown`: no xl has this key. The others as the catalogue of keys has them. */
export type IgnoredSetting = {key: string; line: number; column: number; reason: 'unknown' | 'accepted' | 'refused'};

export type DomainConfigOptions = {
  /** Source of randomness: unsigned 32-bit numbers. */
  random: () => number;
  /** The CPUs that cpus= may name; default DEFAULT_TOPOLOGY. */
  topology?: HostTopology;
};

/** A host with two nodes of 8 CPUs. */
export const DEFAULT_TOPOLOGY: HostTopology = [
  [0, 1, 2, 3, 4, 5, 6, 7],
  [8, 9, 10, 11, 12, 13, 14, 15],
];
