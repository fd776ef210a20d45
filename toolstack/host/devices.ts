import {type Observable, Subject} from 'rxjs';
import {XenbusStateClosed, XenbusStateInitWait} from '../../hypervisor/abi/io/xenbus.ts';
import {DOM0} from '../../hypervisor/index.ts';
import type {Schedule} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {parseState} from '../../hypervisor/xenbus/index.ts';
import {type DeviceNodes, prune, removeDevice, writeDevice} from '../builder/index.ts';
import {ToolstackError} from '../errors.ts';
import {EXIT_CREATE_FAILED, type Hotplug} from './hotplug.ts';
import type {DomainRecord} from './record.ts';
import {waitForNode} from './wait.ts';

/** libxl's patience with a backend, and with a guest that should let a device go. */
const BACKEND_TIMEOUT_NS = 40e9;
const DETACH_TIMEOUT_NS = 10e9;

/** Of what a driver domain says went wrong. */
const MAX_REASON = 500;

/** Attaches and detaches devices of any kind, in libxl's steps. */
export class Devices {
  private readonly clock: Schedule;
  private readonly xs: XsClient;
  private readonly hotplug: Hotplug;
  private readonly removedSubject = new Subject<DeviceNodes>();

  constructor(clock: Schedule, xs: XsClient, hotplug: Hotplug) {
    this.clock = clock;
    this.xs = xs;
    this.hotplug = hotplug;
  }

  /** Each device that is gone, whatever the reason. */
  get removed(): Observable<DeviceNodes> {
    return this.removedSubject.asObservable();
  }

  /** Writes a device that has no hotplug and no backend to wait for, as the console. */
  async write(record: DomainRecord, device: DeviceNodes): Promise<void> {
    record.devices.set(device.backendPath, device);
    await writeDevice(this.xs, device);
  }

  /** libxl's orderly removal; ETIMEDOUT when the guest keeps the device. */
  async detach(record: DomainRecord, device: DeviceNodes, force: boolean): Promise<void> {
    await this.requestClose(device, false);
    const closed = force || (await this.waitClosed(device, DETACH_TIMEOUT_NS));
    if (!closed) {
      const path = device.backendPath;
      throw new ToolstackError(
        'ETIMEDOUT',
        `libxl: error: Domain ${record.domid}:unable to remove device with path ${path}`,
      );
    }
    await this.forget(record, device);
  }

  /**
   * Removal of all devices of a domain that is going away: its end of each first, then the backends are waited for, all
   * at once. The console has no driver to wait for.
   */
  async destroyAll(record: DomainRecord): Promise<void> {
    const waiting: DeviceNodes[] = [];
    for (const device of record.devices.values()) {
      if (device.kind === 'console') {
        await this.forget(record, device);
        continue;
      }
      await this.requestClose(device, true);
      waiting.push(device);
    }
    const finish = async (device: DeviceNodes): Promise<void> => {
      await this.waitClosed(device, DETACH_TIMEOUT_NS);
      await this.forget(record, device);
    };
    await Promise.all(waiting.map(finish));
  }

  /**
   * All of it, or nothing: what fails is taken away again. `runScript` is the hotplug script of a device that dom0 serves.
   */
  async attach(record: DomainRecord, device: DeviceNodes, runScript: () => Promise<void>): Promise<void> {
    record.devices.set(device.backendPath, device);
    try {
      await writeDevice(this.xs, device);
      await this.waitReady(record, device);
      await (device.backendDomid === DOM0 ? runScript() : this.waitScript(record, device));
    } catch (error) {
      await this.forget(record, device);
      throw error;
    }
  }

  private async waitReady(record: DomainRecord, device: DeviceNodes): Promise<void> {
    const ready = (value: string | undefined): boolean => parseState(value) >= XenbusStateInitWait;
    const inTime = await waitForNode(this.clock, this.xs, `${device.backendPath}/state`, ready, BACKEND_TIMEOUT_NS);
    if (!inTime) {
      const path = device.backendPath;
      throw new ToolstackError(
        'ETIMEDOUT',
        `libxl: error: Domain ${record.domid}:unable to add device with path ${path}`,
        EXIT_CREATE_FAILED,
      );
    }
  }

  /** A driver domain runs the scripts of its backends itself. @see Devd */
  private async waitScript({domid}: DomainRecord, {backendPath}: DeviceNodes): Promise<void> {
    const status = `${backendPath}/hotplug-status`;
    const done = (value: string | undefined): boolean => value === 'connected' || value === 'error';
    const inTime = await waitForNode(this.clock, this.xs, status, done, BACKEND_TIMEOUT_NS);
    if (inTime && (await this.xs.read(status)) === 'connected') return;
    // A stranger's words: one line of plain text.
    const error = (await this.xs.read(`${backendPath}/hotplug-error`))?.replaceAll(/[^ -~]/g, '?').slice(0, MAX_REASON);
    const reason = error ?? `Domain ${domid}:no hotplug script has served ${backendPath}`;
    throw new ToolstackError(inTime ? 'EIO' : 'ETIMEDOUT', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);
  }

  private async forget(record: DomainRecord, device: DeviceNodes): Promise<void> {
    this.hotplug.remove(device);
    record.devices.delete(device.backendPath);
    await removeDevice(this.xs, device);
    this.removedSubject.next(device);
  }

  /** Asks the backend to close; `gone`: the frontend's directory goes first, as its domain does. */
  private async requestClose({frontendPath, backendPath}: DeviceNodes, gone: boolean): Promise<void> {
    await this.xs.transaction(async (tx) => {
      if (gone) await prune(this.xs, frontendPath, tx);
      const state = await this.xs.read(`${backendPath}/state`, tx);
      if (state === undefined) return;
      await this.xs.write(`${backendPath}/online`, '0', tx);
      if (parseState(state) !== XenbusStateClosed) await this.xs.write(`${backendPath}/state`, '5', tx);
    });
  }

  private waitClosed(device: DeviceNodes, timeoutNs: number): Promise<boolean> {
    const closed = (value: string | undefined): boolean =>
      value === undefined || parseState(value) === XenbusStateClosed;
    return waitForNode(this.clock, this.xs, `${device.backendPath}/state`, closed, timeoutNs);
  }
}
