import type {WatchedDevice} from './device.ts';

/** Event channels that frontends have published: numbers are used again. */
export class PortBook {
  /** By guest, then by port: the device for which it was published last. */
  private readonly ports = new Map<number, Map<number, WatchedDevice>>();

  announced(device: WatchedDevice, port: number): void {
    const {domid} = device.front;
    const ports = this.ports.get(domid) ?? new Map<number, WatchedDevice>();
    this.ports.set(domid, ports);
    ports.set(port, device);
  }

  of(domid: number): ReadonlyMap<number, WatchedDevice> {
    return this.ports.get(domid) ?? new Map<number, WatchedDevice>();
  }

  forgetGuest(domid: number): void {
    this.ports.delete(domid);
  }
}
