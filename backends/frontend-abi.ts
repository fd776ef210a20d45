import type {Abi} from '../hypervisor/abi/ctype.ts';
import {XEN_IO_PROTO_ABI_NATIVE} from '../hypervisor/abi/io/protocols.ts';
import {EINVAL} from '../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../hypervisor/xenbus/index.ts';

/** @see protocols.h; without the node the frontend has the backend's own ABI. */
export const readFrontendAbi = async (device: XenbusDevice): Promise<Abi> => {
  const protocol = await device.readOther('protocol');
  if (protocol === undefined) return device.ops.abi;
  for (const [abi, name] of Object.entries(XEN_IO_PROTO_ABI_NATIVE)) if (name === protocol) return abi as Abi;
  throw new DeviceError(EINVAL, `unknown frontend protocol "${protocol}"`);
};
