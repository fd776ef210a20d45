import type {Subscription} from 'rxjs';
import type {XenbusDevice, XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import {ScsiBackend} from './backend.ts';
import type {UnitOpener} from './units.ts';

/** All hosts that one domain serves, and the one watch that they share. */
class ScsiBackendDriver implements XenbusDriver {
  readonly type = 'vscsi';
  private readonly open: UnitOpener;
  private readonly hosts = new Set<ScsiBackend>();
  private deaths: Subscription | undefined;

  constructor(open: UnitOpener) {
    this.open = open;
  }

  async probe(device: XenbusDevice): Promise<ScsiBackend> {
    const host = new ScsiBackend(device, this.open, () => this.forget(host));
    this.hosts.add(host);
    this.deaths ??= device.xs
      .watch('@releaseDomain')
      .subscribe({next: () => this.hosts.forEach((each) => each.checkPeer()), error: () => undefined});
    await host.start();
    return host;
  }

  private forget(host: ScsiBackend): void {
    this.hosts.delete(host);
    if (this.hosts.size > 0) return;
    this.deaths?.unsubscribe();
    this.deaths = undefined;
  }
}

/** scsiback. What XenbusBus.instance() gives for its devices is a ScsiBackend. */
export const scsiBackend = (open: UnitOpener): XenbusDriver => new ScsiBackendDriver(open);
