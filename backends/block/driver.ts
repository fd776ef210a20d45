import type {Subscription} from 'rxjs';
import type {XenbusDevice, XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import {BlockBackend, type BlockBackendOptions} from './backend.ts';

/** All disks that one domain serves, and the one watch that they share. */
class BlockBackendDriver implements XenbusDriver {
  readonly type = 'vbd';
  private readonly options: BlockBackendOptions;
  private readonly disks = new Set<BlockBackend>();
  private deaths: Subscription | undefined;

  constructor(options: BlockBackendOptions) {
    this.options = options;
  }

  async probe(device: XenbusDevice): Promise<BlockBackend> {
    const disk = new BlockBackend(device, this.options, () => this.forget(disk));
    this.disks.add(disk);
    this.deaths ??= device.xs
      .watch('@releaseDomain')
      .subscribe({next: () => this.disks.forEach((each) => each.checkPeer()), error: () => undefined});
    await disk.start();
    return disk;
  }

  private forget(disk: BlockBackend): void {
    this.disks.delete(disk);
    if (this.disks.size > 0) return;
    this.deaths?.unsubscribe();
    this.deaths = undefined;
  }
}

/** blkback. What XenbusBus.instance() gives for its devices is a BlockBackend. */
export const blockBackend = (options: BlockBackendOptions): XenbusDriver => new BlockBackendDriver(options);
