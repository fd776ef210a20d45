import {DOM0, type DomId} from '../../hypervisor/index.ts';
import type {DeviceNodes} from './nodes.ts';

/** One unit as the toolstack writes it: its number below vscsi-devs, and the addresses in dom0 and in the guest. */
export interface VscsiUnitNodes {
  index: number;
  pDev: string;
  vDev: string;
  /** For people: what stands behind it. */
  pDevname: string;
}

/** Nodes of one unit, below the backend's directory. */
export const vscsiUnitNodes = ({index, pDev, vDev, pDevname}: VscsiUnitNodes): [string, string][] => [
  [`vscsi-devs/dev-${index}/p-devname`, pDevname],
  [`vscsi-devs/dev-${index}/p-dev`, pDev],
  [`vscsi-devs/dev-${index}/v-dev`, vDev],
  [`vscsi-devs/dev-${index}/state`, '1'],
];

/** What the toolstack writes for one host of a guest, with its units. @see vscsiif.h, "Xenstore format in practice" */
export const vscsiNodes = (domid: DomId, vhost: number, units: readonly VscsiUnitNodes[]): DeviceNodes => {
  const frontendPath = `/local/domain/${domid}/device/vscsi/${vhost}`;
  const backendPath = `/local/domain/${DOM0}/backend/vscsi/${domid}/${vhost}`;
  return {
    kind: 'vscsi',
    devid: vhost,
    domid,
    backendDomid: DOM0,
    frontendPath,
    backendPath,
    frontendOwner: 'guest',
    frontend: [
      ['backend', backendPath],
      ['backend-id', DOM0],
      ['state', 1],
    ],
    backend: [
      ['frontend', frontendPath],
      ['frontend-id', domid],
      ['online', 1],
      ['feature-host', 0],
      ...units.flatMap(vscsiUnitNodes),
      ['state', 1],
    ],
  };
};
