import type {Abi} from '../../hypervisor/abi/ctype.ts';
import {GNTMAP_host_map} from '../../hypervisor/abi/grant-table.ts';
import {XEN_IO_PROTO_ABI_NATIVE} from '../../hypervisor/abi/io/protocols.ts';
import {EINVAL} from '../../hypervisor/errno.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';

const MAX_U32 = 0xffff_ffff;

/** The way to one frontend: its ring, mapped, and the event channel to it. */
export interface Transport {
  readonly otherDomid: number;
  readonly ringHandle: number;
  readonly port: number;
  /** How the frontend lays out its requests. */
  readonly abi: Abi;
}

interface TransportNodes {
  ringRef: number;
  eventChannel: number;
  abi: Abi;
}

/** Reads what the frontend published, maps its ring and binds its port. DeviceError when something is wrong. */
export const openTransport = async (device: XenbusDevice): Promise<Transport> => {
  const {ringRef, eventChannel, abi} = await readNodes(device);
  const {ops, otherDomid} = device;
  const ringHandle = ops.gnttabMap(otherDomid, ringRef, GNTMAP_host_map);
  if (ringHandle < 0)
    throw new DeviceError(EINVAL, `mapping ring-ref ${ringRef} of domain ${otherDomid}: ${ringHandle}`);
  const port = ops.evtchnBindInterdomain(otherDomid, eventChannel);
  if (port < 0) {
    ops.gnttabUnmap(ringHandle);
    throw new DeviceError(port, `binding event-channel ${eventChannel} of domain ${otherDomid}`);
  }
  return {otherDomid, ringHandle, port, abi};
};

export const closeTransport = (ops: HypervisorOps, {port, ringHandle}: Transport): void => {
  ops.evtchnClose(port);
  ops.gnttabUnmap(ringHandle);
};

const readNodes = async (device: XenbusDevice): Promise<TransportNodes> => {
  const abi = await readAbi(device);
  const queues = await device.readOtherNumber('multi-queue-num-queues', MAX_U32, 1);
  if (queues !== 1) throw new DeviceError(EINVAL, `${queues} queues requested, 1 supported`);
  const order = await device.readOtherNumber('ring-page-order', MAX_U32, 0);
  if (order !== 0) throw new DeviceError(EINVAL, `ring-page-order ${order} requested, 0 supported`);
  return {
    ringRef: await readRingRef(device),
    eventChannel: await device.readOtherNumber('event-channel', MAX_U32),
    abi,
  };
};

/** Of a one-page ring the header says `ring-ref`; frontends that write an order of 0 may say `ring-ref0`. */
const readRingRef = async (device: XenbusDevice): Promise<number> => {
  const indexed =
    (await device.readOther('ring-ref')) === undefined && (await device.readOther('ring-ref0')) !== undefined;
  return device.readOtherNumber(indexed ? 'ring-ref0' : 'ring-ref', MAX_U32);
};

/** @see protocols.h; without the node the frontend has the backend's own ABI. */
const readAbi = async (device: XenbusDevice): Promise<Abi> => {
  const protocol = await device.readOther('protocol');
  if (protocol === undefined) return device.ops.abi;
  for (const [abi, name] of Object.entries(XEN_IO_PROTO_ABI_NATIVE)) if (name === protocol) return abi as Abi;
  throw new DeviceError(EINVAL, `unknown frontend protocol "${protocol}"`);
};
