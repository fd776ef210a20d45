import type {Abi} from '../hypervisor/abi/ctype.ts';
import {GNTMAP_host_map} from '../hypervisor/abi/grant-table.ts';
import {EINVAL} from '../hypervisor/errno.ts';
import type {HypervisorOps} from '../hypervisor/ops.ts';
import {DeviceError} from '../hypervisor/xenbus/index.ts';

/** One ring as the frontend announced it. */
export interface AnnouncedRing {
  readonly refs: Uint32Array;
  readonly eventChannel: number;
}

/** The way to one queue of a frontend: its ring, mapped, and the event channel to it. */
export interface Transport {
  readonly otherDomid: number;
  /** Of the ring's pages, in its order. */
  readonly ringHandles: Int32Array;
  readonly port: number;
  /** How the frontend lays out its requests. */
  readonly abi: Abi;
}

/** Maps a ring and binds its port. DeviceError when the frontend named what it has not. */
export const openTransport = (
  ops: HypervisorOps,
  otherDomid: number,
  abi: Abi,
  {refs, eventChannel}: AnnouncedRing,
): Transport => {
  const ringHandles = new Int32Array(refs.length);
  const offsets = new Float64Array(refs.length);
  const status = ops.gnttabMapMany(otherDomid, refs, GNTMAP_host_map, ringHandles, offsets, 0, refs.length);
  if (status < 0)
    throw new DeviceError(EINVAL, `mapping ring-ref ${refs.join(' ')} of domain ${otherDomid}: ${status}`);
  const port = ops.evtchnBindInterdomain(otherDomid, eventChannel);
  if (port < 0) {
    ops.gnttabUnmapMany(ringHandles, 0, ringHandles.length);
    throw new DeviceError(port, `binding event-channel ${eventChannel} of domain ${otherDomid}`);
  }
  return {otherDomid, ringHandles, port, abi};
};

export const closeTransport = (ops: HypervisorOps, {port, ringHandles}: Transport): void => {
  ops.evtchnClose(port);
  ops.gnttabUnmapMany(ringHandles, 0, ringHandles.length);
};
