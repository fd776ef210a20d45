import {GNTMAP_host_map, GNTTAB_RESERVED_XENSTORE} from '../abi/grant-table.ts';
import {PAGE_SIZE} from '../memory/index.ts';
import type {HypervisorOps} from '../ops.ts';
import type {RingAccess} from './domain-ring.ts';
import {GuestRing} from './guest-ring.ts';
import type {XsErrno} from './wire.ts';

/**
 * What xenstored does for XS_INTRODUCE: maps the domain's page through its reserved grant and binds its port.
 * `ops` are those of the domain that xenstored runs in; `onEvent` is called when the domain kicked.
 */
export const mapDomainRing = (
  ops: HypervisorOps,
  domid: number,
  remotePort: number,
  onEvent: () => void,
): RingAccess | XsErrno => {
  const handle = ops.gnttabMap(domid, GNTTAB_RESERVED_XENSTORE, GNTMAP_host_map);
  if (handle < 0) return 'EINVAL';
  const port = ops.evtchnBindInterdomain(domid, remotePort);
  if (port < 0) {
    ops.gnttabUnmap(handle);
    return 'EINVAL';
  }
  const events = ops.events(port).subscribe(onEvent);
  const page = {
    get u8() {
      return ops.mappedMemory(handle).u8;
    },
    get u32() {
      return ops.mappedMemory(handle).u32;
    },
    offset: ops.mappedOffset(handle),
  };
  return {
    page,
    notify: () => ops.evtchnSend(port),
    close: () => {
      events.unsubscribe();
      ops.evtchnClose(port);
      ops.gnttabUnmap(handle);
    },
  };
};

/** The guest's end of the ring: `gfn` and `port` as its start information names them. */
export const openGuestRing = (ops: HypervisorOps, gfn: number, port: number): GuestRing => {
  const {u8, u32} = ops.memory;
  const ring = new GuestRing({page: {u8, u32, offset: gfn * PAGE_SIZE}, notify: () => ops.evtchnSend(port)});
  ops.events(port).subscribe(() => ring.onEvent());
  return ring;
};
