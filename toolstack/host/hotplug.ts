import {
  type FileCalls,
  openStorage,
  RamImage,
  type Storage,
  StorageError,
  type StorageOpener,
} from '../../backends/storage/index.ts';
import type {DomId} from '../../hypervisor/index.ts';
import {NS_PER_MS, type Schedule} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import type {DiskConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {DeviceNodes} from '../builder/index.ts';
import {SharedImage} from './shared-image.ts';
import type {OnlineVif, VifSpec} from './vif-scripts.ts';

export const EXIT_CREATE_FAILED = 3;

/** Linux's loop devices have this major number; the minor is ours to count. */
const LOOP_MAJOR = 7;
/** A script is a process: drivers see what it wrote before it writes the rest. */
const SCRIPT_STEP_NS = NS_PER_MS;

type BackendPath = Pick<DeviceNodes, 'backendPath'>;

/** What vif scripts do with the domain's networks. @see VifScripts */
export interface HotplugVifs {
  /** Why a vif has no place there, if so. */
  check(vif: VifSpec): string | undefined;
  online?(vif: OnlineVif): void;
  offline?(backendPath: string): void;
}

export interface HotplugOptions {
  clock: Schedule;
  xs: XsClient;
  vifs: HotplugVifs;
  fileCalls?: FileCalls;
}

interface OpenedImage {
  readonly target: string;
  readonly readonly: boolean;
  readonly storage: Storage;
}

/**
 * What Xen's hotplug scripts do in dom0, or in a driver domain: tell the backend which device it serves, or put the interface on its bridge.
 * They run here, since their shell would find neither losetup nor brctl.
 */
export class Hotplug {
  private readonly options: HotplugOptions;
  /** Images that were opened for a device and not taken over by its backend yet. */
  private readonly opened = new Map<string, OpenedImage>();
  /** Images that emulated disks use, too, for as long as they are attached. */
  private readonly shared = new Map<string, {target: string; readonly: boolean; image: SharedImage; held: Storage}>();
  /** Disks in memory, for as long as they are attached. */
  private readonly ramDisks = new Map<string, RamImage>();
  /** Loop devices in use: minor number by backend path. */
  private readonly loops = new Map<string, number>();

  constructor(options: HotplugOptions) {
    this.options = options;
  }

  /** Opens an image, as losetup would, or refuses it; nothing is written yet. It stays open until `remove`. */
  async openDisk(
    {backendPath}: BackendPath,
    {vdev, readwrite}: Pick<DiskConfig, 'vdev' | 'readwrite'>,
    target: string,
  ): Promise<void> {
    const readonly = !readwrite;
    const storage = await this.open(target, readonly);
    if (storage instanceof StorageError) {
      const reason = storage.code === 'missing' ? `failed to stat: ${storage.message}` : storage.message;
      throw new ToolstackError(storage.code, `libxl: error: Disk vdev=${vdev} ${reason}`, EXIT_CREATE_FAILED);
    }
    this.opened.set(backendPath, {target, readonly, storage});
    if (storage instanceof RamImage) this.ramDisks.set(backendPath, storage);
  }

  /** The image that was opened for a device, for an emulated disk beside blkback's. */
  shareDisk({backendPath}: BackendPath): Storage {
    const opened = this.opened.get(backendPath);
    if (opened === undefined) throw new Error(`no image is open for ${backendPath}`);
    const {target, readonly, storage} = opened;
    const image = new SharedImage(storage);
    this.shared.get(backendPath)?.held.close();
    this.shared.set(backendPath, {target, readonly, image, held: image.open()});
    this.opened.set(backendPath, {target, readonly, storage: image.open()});
    return image.open();
  }

  /** Contents of a disk that is in memory. */
  ramDisk({backendPath}: DeviceNodes): Uint8Array | undefined {
    return this.ramDisks.get(backendPath)?.contents;
  }

  /** What blkback opens: the image that was opened for it, so that nobody else comes first; later on, anew. */
  readonly takeDisk: StorageOpener = (target, {readonly}) => {
    for (const [backendPath, image] of this.opened) {
      if (image.target !== target || image.readonly !== readonly) continue;
      this.opened.delete(backendPath);
      return image.storage;
    }
    for (const each of this.shared.values()) {
      if (each.target === target && each.readonly === readonly) return each.image.open();
    }
    return this.open(target, readonly);
  };

  /** The block script: names the device that stands for the image. The backend may connect from then on. */
  async block({backendPath}: BackendPath): Promise<void> {
    const {clock, xs} = this.options;
    const minor = lowestFree(this.loops.values());
    this.loops.set(backendPath, minor);
    const node = `/dev/loop${minor}`;
    await xs.write(`${backendPath}/node`, node);
    await xs.write(`${backendPath}/physical-device`, `${LOOP_MAJOR}:${minor.toString(16)}`);
    await clock.sleep(SCRIPT_STEP_NS);
    await xs.write(`${backendPath}/physical-device-path`, node);
    await xs.write(`${backendPath}/hotplug-status`, 'connected');
  }

  /** In virtual time no operation may wait for the machine. */
  private open(target: string, readonly: boolean): Promise<Storage | StorageError> {
    const {clock, fileCalls} = this.options;
    return openStorage(target, {readonly, clock: clock.mode === 'real' ? clock : undefined, calls: fileCalls});
  }

  checkVif(domid: DomId | number, vif: VifSpec): void {
    const reason = this.options.vifs.check(vif);
    if (reason === undefined) return;
    throw new ToolstackError('ENOENT', `libxl: error: Domain ${domid}: ${reason}`, EXIT_CREATE_FAILED);
  }

  /** The vif scripts. Netback looks itself which network the script is for. */
  async vif(vif: OnlineVif, {frontendPath, mtu}: {frontendPath: string; mtu: string}): Promise<void> {
    const {clock, xs, vifs} = this.options;
    const {backendPath} = vif;
    vifs.online?.(vif);
    await xs.write(`${frontendPath}/mtu`, mtu);
    await clock.sleep(SCRIPT_STEP_NS);
    await xs.write(`${backendPath}/hotplug-status`, 'connected');
  }

  /** What the scripts do once the backend has let go. */
  remove({backendPath}: BackendPath): void {
    this.options.vifs.offline?.(backendPath);
    this.opened.get(backendPath)?.storage.close();
    this.opened.delete(backendPath);
    this.shared.get(backendPath)?.held.close();
    this.shared.delete(backendPath);
    this.ramDisks.delete(backendPath);
    this.loops.delete(backendPath);
  }
}

const lowestFree = (used: Iterable<number>): number => {
  const taken = new Set(used);
  let free = 0;
  while (taken.has(free)) free++;
  return free;
};
