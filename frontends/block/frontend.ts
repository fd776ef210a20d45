import {XEN_IO_PROTO_ABI_NATIVE} from '../../hypervisor/abi/io/protocols.ts';
import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
  XenbusStateInitWait,
  XenbusStateUnknown,
} from '../../hypervisor/abi/io/xenbus.ts';
import {EINVAL, EIO} from '../../hypervisor/errno.ts';
import {DeviceError, type DriverInstance, type XenbusDevice, type XenbusState} from '../../hypervisor/xenbus/index.ts';
import {GrantKeeper} from '../grant-keeper.ts';
import {Disk} from './disk.ts';
import {readProperties} from './disk-properties.ts';
import {kernelName} from './kernel-name.ts';
import {BlockRing} from './ring.ts';

export interface BlockFrontendOptions {
  /** Index at which rings start, 0 in real kernels: tests begin near 2^32. */
  ringStart?: number;
}

/** blkfront's hold on one disk. */
export class BlockFrontend implements DriverInstance {
  readonly device: XenbusDevice;
  private readonly options: BlockFrontendOptions;
  private readonly onDevice: (disk: Disk) => void;
  private readonly keeper: GrantKeeper;
  private virtualDevice = 0;
  private name = '';
  private ring: BlockRing | undefined;
  private current: Disk | undefined;
  /** A kernel that ran here before left the device in the middle of something: the backend has to let go first. */
  private restarting = false;

  /** What to do in each state of the backend. @see blkif.h, "State diagrams" */
  private readonly reactions: Readonly<Record<XenbusState, () => Promise<void>>> = {
    [XenbusStateInitWait]: () => this.negotiate(),
    [XenbusStateInitialised]: () => this.negotiate(),
    [XenbusStateConnected]: () => this.connect(),
    [XenbusStateClosing]: () => this.onClosing(),
    [XenbusStateClosed]: () => this.onClosed(),
    [XenbusStateUnknown]: () => this.onClosed(),
  };

  constructor(device: XenbusDevice, options: BlockFrontendOptions, onDevice: (disk: Disk) => void) {
    this.device = device;
    this.options = options;
    this.onDevice = onDevice;
    this.keeper = new GrantKeeper(device.ops);
  }

  /** The disk while it is connected. */
  get disk(): Disk | undefined {
    return this.current;
  }

  async start(): Promise<void> {
    const {device} = this;
    const text = (await device.read('virtual-device')) ?? device.devid;
    const name = /^\d{1,10}$/.test(text) ? kernelName(Number(text)) : undefined;
    if (name === undefined) throw new DeviceError(EINVAL, `virtual-device "${text}"`);
    this.virtualDevice = Number(text);
    this.name = name;
    this.restarting = device.state !== XenbusStateInitialising;
    if (this.restarting && device.state !== XenbusStateClosed) await device.switchState(XenbusStateClosed);
  }

  otherEndChanged(state: XenbusState): Promise<void> | void {
    return this.reactions[state]?.();
  }

  remove(): void {
    this.disconnect();
    this.release();
  }

  toString(): string {
    return `${String(this.device)}; ${String(this.current ?? this.name)}; ${String(this.ring ?? 'no ring')}`;
  }

  /** Publishes a ring. A backend that has come back finds us Closed. */
  private async negotiate(): Promise<void> {
    const {device} = this;
    if (device.state === XenbusStateClosed) await device.switchState(XenbusStateInitialising);
    if (device.state !== XenbusStateInitialising) return;
    this.restarting = false;
    this.disconnect();
    this.release();
    const ring = this.makeRing();
    this.ring = ring;
    await device.publish({
      'ring-ref': ring.page.ref,
      'event-channel': ring.port,
      protocol: XEN_IO_PROTO_ABI_NATIVE[device.ops.abi],
    });
    await device.switchState(XenbusStateInitialised);
  }

  private makeRing(): BlockRing {
    const {ops, otherDomid} = this.device;
    return new BlockRing(
      {
        ops,
        otherDomid,
        handle: this.virtualDevice & 0xffff,
        start: this.options.ringStart,
        onComplete: (tag, status) => this.current?.onComplete(tag, status),
        onDrained: () => this.current?.onDrained(),
        onBroken: (reason) => this.giveUp(reason),
      },
      this.keeper,
    );
  }

  private async connect(): Promise<void> {
    const {device, ring} = this;
    // The backend may have gone through InitWait unseen.
    if (device.state === XenbusStateInitialising) return this.negotiate();
    if (device.state !== XenbusStateInitialised || ring === undefined) return;
    const properties = await readProperties(device);
    if (this.ring !== ring) return;
    const {ops} = device;
    this.current = new Disk({name: this.name, virtualDevice: this.virtualDevice, properties, ops, ring});
    await device.switchState(XenbusStateConnected);
    if (this.current !== undefined) this.onDevice(this.current);
  }

  /** The backend stops; it lets go of our pages only when it has seen us Closed. */
  private async onClosing(): Promise<void> {
    this.disconnect();
    if (this.device.state !== XenbusStateClosed) await this.device.switchState(XenbusStateClosed);
  }

  /** Closed without a word before is the same. A device that has not begun yet waits for the backend instead. */
  private async onClosed(): Promise<void> {
    if (this.device.state === XenbusStateInitialising) return;
    await this.onClosing();
    this.release();
    if (!this.restarting) return;
    this.restarting = false;
    await this.device.switchState(XenbusStateInitialising);
  }

  /** What the backend did wrong is in `error`; other devices go on. */
  private giveUp(reason: string): void {
    this.disconnect();
    this.device.enqueue(() => {
      throw new DeviceError(EIO, reason);
    });
  }

  /** What is under way fails with ENODEV. Pages stay granted. */
  private disconnect(): void {
    this.ring?.stop();
    this.current?.close();
    this.current = undefined;
  }

  private release(): void {
    this.ring?.release(this.keeper);
    this.ring = undefined;
    this.keeper.retry();
  }
}
