import {truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {DomId} from '../../hypervisor/index.ts';
import {TestHost} from '../support/host.ts';

/** Directory of the recorded host's images. */
export const GOLDEN_DIR = '/spike';
const IMAGE_BYTES = 64 * 1024 * 1024;
/** The recorded guest's, and that of the guest made of the same file later. */
export const GOLDEN_UUIDS = {
  first: '58debae7-2971-40c3-9939-a0897c7cdf59',
  second: '23f72ff4-fcad-41fe-b1c9-ed9e24ed4d2e',
};

/** The recorded guest on a host of ours: what `xl list -l golden` shows, but for the kernel. */
export class GoldenGuest {
  readonly host: TestHost;
  readonly directory: string;
  domid = 0 as DomId;

  private constructor(host: TestHost, directory: string) {
    this.host = host;
    this.directory = directory;
  }

  static async start(directory: string, seed?: number): Promise<GoldenGuest> {
    for (const name of ['d1.img', 'd4.img']) {
      writeFileSync(join(directory, name), '');
      truncateSync(join(directory, name), IMAGE_BYTES);
    }
    return new GoldenGuest(await TestHost.start({seed}), directory);
  }

  async create(uuid: string, options: {paused?: boolean} = {}): Promise<void> {
    const text = `
      name = "golden"
      uuid = "${uuid}"
      type = "pv"
      kernel = "builtin"
      ramdisk = "/spike/domu-initrd.gz"
      extra = "console=hvc0 net.ifnames=0 mitigations=off loglevel=7"
      memory = 256
      disk = ["format=raw,vdev=xvda,access=rw,target=${this.directory}/d1.img"]
      vif = ["mac=00:16:3e:00:00:01,bridge=xenbr0"]
    `;
    this.domid = await this.host.create(text, options);
    await this.host.settle();
  }

  async unpause(): Promise<void> {
    this.host.host.unpause(this.domid);
    await this.connected();
  }

  async connected(): Promise<void> {
    await this.host.host.waitConnected(this.domid);
    await this.host.settle();
  }

  async attachDisk(): Promise<void> {
    const [disk] = this.host.host.config(this.domid).disks;
    await this.host.host.disks.attach(this.domid, {...disk, vdev: 'xvdb', target: `${this.directory}/d4.img`});
    await this.connected();
  }

  async detachDisk(): Promise<void> {
    await this.host.host.disks.detach(this.domid, 'xvdb');
    await this.host.settle();
  }

  async attachVif(): Promise<void> {
    await this.host.host.vifs.attach(this.domid, {mac: '00:16:3e:00:00:02', bridge: 'xenbr0'});
    await this.connected();
  }

  async detachVif(): Promise<void> {
    await this.host.host.vifs.detach(this.domid, '1');
    await this.host.settle();
  }

  async powerOff(): Promise<void> {
    await this.host.host.shutdown(this.domid, 'poweroff');
    await this.host.settle();
  }

  /** The domain that comes back has the next number. */
  async reboot(): Promise<void> {
    await this.host.host.shutdown(this.domid, 'reboot');
    await this.host.settle();
    this.domid = (this.domid + 1) as DomId;
    await this.connected();
  }

  async destroy(): Promise<void> {
    await this.host.host.destroy(this.domid);
    await this.host.settle();
  }
}
