import {openStorage, StorageError} from '../../backends/storage/index.ts';
import type {DomId} from '../../hypervisor/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../errors.ts';
import type {DeviceNodes} from '../builder/index.ts';

export const EXIT_CREATE_FAILED = 3;

/** Linux's loop devices have this major number; the minor is ours to count. */
const LOOP_MAJOR = 7;

/**
 * What Xen's hotplug scripts do in dom0: tell the backend which device it serves, or put the interface on its bridge.
 * They run here, since their shell would find neither losetup nor brctl.
 */
export class Hotplug {
  private readonly xs: XsClient;
  private readonly hasBridge: (name: string) => boolean;
  private nextMinor = 0;

  constructor(xs: XsClient, hasBridge: (name: string) => boolean) {
    this.xs = xs;
    this.hasBridge = hasBridge;
  }

  /** Refuses an image that the block script would refuse; nothing is written yet. */
  checkDisk(vdev: string, target: string, readwrite: boolean): void {
    // Opened and closed again: what the backend opens a moment later is what we found.
    const storage = openStorage(target, {readonly: !readwrite});
    if (storage instanceof StorageError) {
      const reason = storage.code === 'missing' ? `failed to stat: ${storage.message}` : storage.message;
      throw new ToolstackError(storage.code, `libxl: error: Disk vdev=${vdev} ${reason}`, EXIT_CREATE_FAILED);
    }
    storage.close();
  }

  /** The block script: names the device that stands for the image. */
  async block(device: DeviceNodes, target: string): Promise<void> {
    const minor = this.nextMinor++;
    await this.xs.write(`${device.backendPath}/node`, `/dev/loop${minor}`);
    await this.xs.write(`${device.backendPath}/physical-device`, `${LOOP_MAJOR}:${minor.toString(16)}`);
    await this.xs.write(`${device.backendPath}/physical-device-path`, target);
    await this.xs.write(`${device.backendPath}/hotplug-status`, 'connected');
  }

  checkVif(domid: DomId, bridge: string): void {
    if (this.hasBridge(bridge)) return;
    const reason = `Domain ${domid}: vif-bridge: Could not find bridge device ${bridge}`;
    throw new ToolstackError('ENOENT', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);
  }

  /** vif-bridge: netback looks at the bridge's name itself when it connects. */
  async vif(device: DeviceNodes): Promise<void> {
    await this.xs.write(`${device.backendPath}/hotplug-status`, 'connected');
  }
}
