import type {XenbusDevice} from './device.ts';
import type {XenbusState} from './state.ts';

/** The driver's hold on one device. */
export interface DriverInstance {
  /** The peer's state now; called at first, then at each change, one call at a time. */
  otherEndChanged(state: XenbusState): void | Promise<void>;
  /**
   * The device's directory is gone or its domain died: give back ports, mappings and files. May come at any time. What
   * takes a while is waited for before the directory's next device is probed.
   */
  remove(): void | Promise<void>;
  /** Of a frontend: the domain goes on after a suspend, and what it had granted and bound is gone. */
  resume?(): void;
  /** Of a block backend: the image may have another size. */
  resize?(): void;
}

/** One kind of device on one end. */
export interface XenbusDriver {
  /** Directory name: "vbd", "vif". */
  readonly type: string;
  /** Takes a device that appeared. A DeviceError thrown here closes it. */
  probe(device: XenbusDevice): DriverInstance | Promise<DriverInstance>;
}
