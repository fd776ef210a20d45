import {DOM0, type DomId} from '../../hypervisor/index.ts';
import {ToolstackError} from '../errors.ts';
import {EXIT_CREATE_FAILED} from './hotplug.ts';
import type {Names} from './names.ts';
import type {DomainRecord} from './record.ts';

/** Finds the domain that a device spec names as `backend=`. ToolstackError for one that cannot run backends. */
export type FindBackendDomain = (device: string, backend: string | undefined) => DomId;

export const backendDomainFinder =
  (names: Names, recordOf: (domid: DomId) => DomainRecord | undefined): FindBackendDomain =>
  (device, backend) => {
    if (backend === undefined) return DOM0;
    const refuse = (reason: string): never => {
      throw new ToolstackError('EINVAL', `libxl: error: ${device}: backend=${backend}: ${reason}`, EXIT_CREATE_FAILED);
    };
    const domid = names.resolve(backend);
    if (domid === DOM0) return DOM0;
    const record = domid === undefined ? undefined : recordOf(domid);
    if (domid === undefined || record === undefined || record.destroying !== undefined) {
      return refuse('there is no such domain');
    }
    return record.config.driverDomain === true ? domid : refuse('no driver domain (its config has no driver_domain=1)');
  };

/** Of dom0 alone. */
export const onlyDom0: FindBackendDomain = () => DOM0;
