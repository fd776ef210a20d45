import type {Abi} from '../../hypervisor/abi/ctype.ts';
import {XEN_IO_PROTO_ABI_NATIVE} from '../../hypervisor/abi/io/protocols.ts';
import {DOM0, type DomId} from '../../hypervisor/index.ts';
import type {DiskConfig} from '../config/index.ts';
import {vdevToNumber} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {DeviceNodes} from './nodes.ts';

/** What the domain builder writes for a disk. `target` is absolute. @see blkif.h, "XenStore keys" */
export const vbdNodes = (
  domid: DomId,
  disk: DiskConfig,
  target: string,
  abi: Abi,
  backendDomid: DomId = DOM0,
): DeviceNodes => {
  const devid = vdevToNumber(disk.vdev);
  if (devid === undefined) {
    throw new ToolstackError(
      'EINVAL',
      `libxl: error: Domain ${domid}:Invalid or unsupported virtual disk identifier ${disk.vdev}`,
      3,
    );
  }
  const frontendPath = `/local/domain/${domid}/device/vbd/${devid}`;
  const backendPath = `/local/domain/${backendDomid}/backend/vbd/${domid}/${devid}`;
  const deviceType = disk.cdrom ? 'cdrom' : 'disk';
  return {
    kind: 'vbd',
    devid,
    domid,
    backendDomid,
    frontendPath,
    backendPath,
    frontendOwner: 'guest',
    frontend: [
      ['backend', backendPath],
      ['backend-id', backendDomid],
      ['state', 1],
      ['virtual-device', devid],
      ['device-type', deviceType],
      ['trusted', disk.trusted === false ? 0 : 1],
      ['protocol', XEN_IO_PROTO_ABI_NATIVE[abi]],
      ...tuningNode(disk.tuning?.frontend),
    ],
    backend: [
      ['frontend', frontendPath],
      ['params', target],
      ['script', disk.script ?? '/etc/xen/scripts/block'],
      ['frontend-id', domid],
      ['online', 1],
      ['removable', disk.removable ? 1 : 0],
      ['bootable', 1],
      ['state', 1],
      ['dev', disk.vdev],
      ['type', 'phy'],
      ['mode', disk.readwrite ? 'w' : 'r'],
      ['device-type', deviceType],
      ['discard-enable', disk.discard === false || !disk.readwrite ? 0 : 1],
      ['specification', 'xen'],
      ...tuningNode(disk.tuning?.backend),
    ],
  };
};

const tuningNode = (tuning: string | undefined): [string, string][] =>
  tuning === undefined ? [] : [['tuning', tuning]];
