import {DOM0, type DomId} from '../../hypervisor/index.ts';
import type {DeviceNodes} from './nodes.ts';

const LOG_LIMIT_BYTES = 1048576;

/** What the domain builder writes for the primary console. `tty` is where a person finds it. @see console.h */
export const consoleNodes = (domid: DomId, gfn: number, port: number): DeviceNodes => {
  const frontendPath = `/local/domain/${domid}/console`;
  const backendPath = `/local/domain/${DOM0}/backend/console/${domid}/0`;
  return {
    kind: 'console',
    devid: 0,
    domid,
    backendDomid: DOM0,
    frontendPath,
    backendPath,
    frontendOwner: 'toolstack',
    frontendExceptions: ['backend-id'],
    frontend: [
      ['backend', backendPath],
      ['backend-id', DOM0],
      ['limit', LOG_LIMIT_BYTES],
      ['type', 'xenconsoled'],
      ['output', 'pty'],
      ['tty', ''],
      ['port', port],
      ['ring-ref', gfn],
    ],
    backend: [
      ['frontend', frontendPath],
      ['frontend-id', domid],
      ['online', 1],
      ['state', 1],
      ['protocol', 'vt100'],
    ],
  };
};
