import {filter, firstValueFrom, type Subscription} from 'rxjs';
import {XenbusStateInitWait} from '../../hypervisor/abi/io/xenbus.ts';
import type {Schedule} from '../../hypervisor/schedule/index.ts';
import type {XenbusBus, XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../errors.ts';
import type {Hotplug} from './hotplug.ts';

export interface DevdOptions {
  clock: Schedule;
  /** The driver domain's own. */
  xs: XsClient;
  backends: XenbusBus;
  hotplug: Hotplug;
}

/**
 * `xl devd`: runs the hotplug scripts of a driver domain for the devices whose backends have come to InitWait, since the
 * toolstack in dom0 runs none for them. What fails is in `hotplug-error`, where the toolstack looks.
 *
 * @see libxl, libxl_device_events_handler
 */
export class Devd {
  private readonly options: DevdOptions;
  private events: Subscription | undefined;

  constructor(options: DevdOptions) {
    this.options = options;
  }

  start(): void {
    const {backends, hotplug} = this.options;
    this.events = backends.events.subscribe(({type, device}) => {
      if (type === 'removed') hotplug.remove({backendPath: absolute(device)});
      else void this.serve(device);
    });
  }

  /** Devices that are served stay as their scripts left them. */
  stop(): void {
    this.events?.unsubscribe();
  }

  private async serve(device: XenbusDevice): Promise<void> {
    try {
      const ready = device.states.pipe(filter((state) => state >= XenbusStateInitWait));
      if ((await firstValueFrom(ready, {defaultValue: undefined})) === undefined) return;
      // Drivers that were loaded anew find devices whose scripts have run.
      if (await device.read('hotplug-status')) return;
      await (device.type === 'vbd' ? this.serveDisk(device) : this.serveVif(device));
    } catch (error) {
      if (error instanceof ToolstackError) await this.report(device, error);
      // Else the store refused: the toolstack has taken the directory away meanwhile.
    }
  }

  private async serveDisk(device: XenbusDevice): Promise<void> {
    const {clock, hotplug} = this.options;
    const backendPath = absolute(device);
    const [target = '', mode, vdev = ''] = await Promise.all(['params', 'mode', 'dev'].map((key) => device.read(key)));
    await clock.hold(hotplug.openDisk({backendPath}, {vdev, readwrite: mode === 'w'}, target));
    await hotplug.block({backendPath});
  }

  private async serveVif(device: XenbusDevice): Promise<void> {
    const {hotplug} = this.options;
    const nodes = await Promise.all(['script', 'bridge', 'ip', 'mac'].map((key) => device.read(key)));
    const [script, bridge = '', ip, mac = ''] = nodes;
    hotplug.checkVif(device.otherDomid, {script, bridge, ip});
    const mtu = (await device.readOther('mtu')) ?? '';
    const online = {backendPath: absolute(device), domid: device.otherDomid, mac, script, bridge, ip};
    await hotplug.vif(online, {frontendPath: device.otherPath, mtu});
  }

  private async report(device: XenbusDevice, {message}: ToolstackError): Promise<void> {
    const nodes = {'hotplug-error': message.replace(/^libxl: error: /, ''), 'hotplug-status': 'error'};
    await device.publish(nodes).catch(() => undefined);
  }
}

const absolute = ({ops, path}: XenbusDevice): string => `/local/domain/${ops.domid}/${path}`;
