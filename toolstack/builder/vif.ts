import {DOM0, type DomId} from '../../hypervisor/index.ts';
import {VIF_DEFAULTS, type VifConfig} from '../config/index.ts';
import type {DeviceNodes} from './nodes.ts';

/** What the domain builder writes for a network interface. @see netif.h */
export const vifNodes = (
  domid: DomId,
  devid: number,
  vif: VifConfig & {mac: string; bridge: string},
  backendDomid: DomId = DOM0,
): DeviceNodes => {
  const frontendPath = `/local/domain/${domid}/device/vif/${devid}`;
  const backendPath = `/local/domain/${backendDomid}/backend/vif/${domid}/${devid}`;
  return {
    kind: 'vif',
    devid,
    domid,
    backendDomid,
    frontendPath,
    backendPath,
    frontendOwner: 'guest',
    frontendExceptions: ['mtu'],
    frontend: [
      ['backend', backendPath],
      ['backend-id', backendDomid],
      ['state', 1],
      ['handle', devid],
      ['mac', vif.mac],
      ['trusted', vif.trusted === false ? 0 : 1],
      ['mtu', vif.mtu ?? VIF_DEFAULTS.mtu],
      ...tuningNode(vif.tuning?.frontend),
    ],
    backend: [
      ['frontend', frontendPath],
      ['frontend-id', domid],
      ['online', 1],
      ['state', 1],
      ['script', scriptPath(vif.script)],
      ['mac', vif.mac],
      ...(vif.ip === undefined ? [] : [['ip', vif.ip] as const]),
      ...(vif.vifname === undefined ? [] : [['vifname', vif.vifname] as const]),
      ...rateNode(vif.rate),
      ['bridge', vif.bridge],
      ['handle', devid],
      ['type', 'vif'],
      ['hotplug-status', ''],
      ...tuningNode(vif.tuning?.backend),
    ],
  };
};

/** A name without a slash is one of the scripts that come with Xen. */
const scriptPath = (script: string | undefined): string => {
  if (script === undefined) return VIF_DEFAULTS.script;
  return script.startsWith('/') ? script : `/etc/xen/scripts/${script}`;
};

/** "BYTES,USEC", as netback's credit scheduler reads it. */
const rateNode = (rate: VifConfig['rate']): [string, string][] =>
  rate === undefined ? [] : [['rate', `${rate.bytesPerInterval},${rate.intervalUs}`]];

const tuningNode = (tuning: string | undefined): [string, string][] =>
  tuning === undefined ? [] : [['tuning', tuning]];
