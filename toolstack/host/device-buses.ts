import {map, merge, type Observable, Subject} from 'rxjs';
import {DOM0, type DomId} from '../../hypervisor/index.ts';
import type {DriverInstance, XenbusBus} from '../../hypervisor/xenbus/index.ts';
import type {DeviceNodes} from '../builder/index.ts';
import {ToolstackError} from '../errors.ts';
import type {HostBusEvent} from './api.ts';

/** The xenbus of dom0 and of each guest whose kernel is ours: where the drivers of both ends are found. */
export class DeviceBuses {
  readonly events: Observable<HostBusEvent>;
  /** Of dom0, and of driver domains. */
  private readonly backends = new Map<DomId, XenbusBus>();
  private readonly frontends = new Map<DomId, XenbusBus>();
  private readonly guestEvents = new Subject<HostBusEvent>();

  constructor(dom0: XenbusBus) {
    this.backends.set(DOM0, dom0);
    this.events = merge(dom0.events.pipe(map((event) => ({...event, domid: DOM0}))), this.guestEvents);
  }

  addFrontends(domid: DomId, bus: XenbusBus): void {
    this.frontends.set(domid, bus);
    this.follow(domid, bus);
  }

  /** Of a driver domain. */
  addBackends(domid: DomId, bus: XenbusBus): void {
    this.backends.set(domid, bus);
    this.follow(domid, bus);
  }

  forget(domid: DomId): void {
    this.frontends.delete(domid);
    this.backends.delete(domid);
  }

  /** Undefined for a guest with a kernel of its own. */
  frontendsOf(domid: DomId): XenbusBus | undefined {
    return this.frontends.get(domid);
  }

  backendOf(device: DeviceNodes): DriverInstance | undefined {
    return this.backends.get(device.backendDomid)?.instance(backendNode(device));
  }

  /** ENODEV for a device that has no backend, or another's. */
  backend<T>(device: DeviceNodes, kind: abstract new (...args: never[]) => T): T {
    const found = this.backendOf(device);
    if (found instanceof kind) return found;
    throw new ToolstackError('ENODEV', `${device.backendPath} has no backend`);
  }

  close(): void {
    this.guestEvents.complete();
  }

  private follow(domid: DomId, {events}: XenbusBus): void {
    events.subscribe((event) => this.guestEvents.next({...event, domid}));
  }
}

/** The path as the xenbus of the backend's domain has it. */
export const backendNode = ({backendPath, backendDomid}: DeviceNodes): string =>
  backendPath.replace(`/local/domain/${backendDomid}/`, '');
