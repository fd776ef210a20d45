import type {DomId} from '../../hypervisor/index.ts';
import type {DeviceNodes} from '../builder/index.ts';
import {ToolstackError} from '../errors.ts';
import {EXIT_CREATE_FAILED} from './hotplug.ts';
import type {DomainRecord} from './record.ts';

/** A device whose backend's domain is gone is one still, until it is detached. */
export const refuseSecond = ({domid, devices}: DomainRecord, {frontendPath}: DeviceNodes): void => {
  if (![...devices.values()].some((device) => device.frontendPath === frontendPath)) return;
  const reason = `Domain ${domid}:device already exists in xenstore`;
  throw new ToolstackError('EEXIST', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);
};

export const refuseOwnBackend = ({domid}: DomainRecord, backendDomid: DomId): void => {
  if (domid !== backendDomid) return;
  const reason = `Domain ${domid}:a domain cannot be its own backend`;
  throw new ToolstackError('EINVAL', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);
};
