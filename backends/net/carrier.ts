import type {XenbusDevice} from '../../hypervisor/xenbus/index.ts';

/** What the guest is told of its link. The node is not there before it goes down for the first time. @see netif.h, "Link state" */
export class Carrier {
  private readonly device: XenbusDevice;
  private isPlugged = true;
  /** The guest takes what it is sent. */
  private isAwake = true;
  private written = true;

  constructor(device: XenbusDevice) {
    this.device = device;
  }

  /** As the administrator has it. */
  get isUp(): boolean {
    return this.isPlugged;
  }

  plug(isUp: boolean): void {
    this.isPlugged = isUp;
    this.device.enqueue(() => this.tell());
  }

  wake(isAwake: boolean): void {
    this.isAwake = isAwake;
    this.device.enqueue(() => this.tell());
  }

  /** In a step, when a connection ends: the next guest is not to blame. */
  async reset(): Promise<void> {
    this.isAwake = true;
    await this.tell();
  }

  private async tell(): Promise<void> {
    const isUp = this.isPlugged && this.isAwake;
    if (isUp === this.written) return;
    this.written = isUp;
    await this.device.publish({carrier: isUp ? 1 : 0});
  }
}
