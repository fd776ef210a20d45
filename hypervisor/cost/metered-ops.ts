import type {HypervisorOps} from '../ops.ts';
import type {Account} from './ledger.ts';
import {counted} from './primitives.ts';
import type {AccountName} from './reading.ts';

/** Operations that Xen flushes TLBs once for, when they come by one hypercall. @see Xen's GNTTAB_UNMAP_BATCH_SIZE */
const UNMAPS_PER_FLUSH = 32;

/** What the driver of that device gets: the same operations, counted where a ledger is kept. */
export const opsOfDevice = (ops: HypervisorOps, name: AccountName): HypervisorOps =>
  ops.ledger === null ? ops : meteredOps(ops, ops.ledger.account(name));

/** Operations that count what they cost, and are otherwise those of `ops`. Events are counted by their ports. */
const meteredOps = (ops: HypervisorOps, account: Account): HypervisorOps => {
  const counting: Partial<HypervisorOps> = {
    account,
    gnttabMap(granter, ref, flags) {
      account.addBatched(counted.grantMap);
      return ops.gnttabMap(granter, ref, flags);
    },
    gnttabUnmap(handle) {
      if (account.addBatched(counted.grantUnmap) % UNMAPS_PER_FLUSH === 0) account.add(counted.grantFlush);
      return ops.gnttabUnmap(handle);
    },
    gnttabMapMany(granter, refs, flags, handles, offsets, at, count) {
      if (count > 0) {
        account.add(counted.hypercall);
        account.add(counted.grantMap, count);
      }
      return ops.gnttabMapMany(granter, refs, flags, handles, offsets, at, count);
    },
    gnttabUnmapMany(handles, at, count) {
      if (count > 0) {
        account.add(counted.hypercall);
        account.add(counted.grantUnmap, count);
        account.add(counted.grantFlush, Math.ceil(count / UNMAPS_PER_FLUSH));
      }
      ops.gnttabUnmapMany(handles, at, count);
    },
    gnttabCopy(srcDomid, srcRefOrGfn, srcOffset, dstDomid, dstRefOrGfn, dstOffset, len, flags) {
      account.addBatched(counted.grantCopy);
      account.add(counted.grantCopyBytes, len);
      return ops.gnttabCopy(srcDomid, srcRefOrGfn, srcOffset, dstDomid, dstRefOrGfn, dstOffset, len, flags);
    },
    gnttabTransfer(gfn, toDomid, ref) {
      account.addBatched(counted.grantTransfer);
      return ops.gnttabTransfer(gfn, toDomid, ref);
    },
    evtchnAllocUnbound(remoteDomid) {
      account.add(counted.hypercall);
      return ops.evtchnAllocUnbound(remoteDomid);
    },
    evtchnBindInterdomain(remoteDomid, remotePort) {
      account.add(counted.hypercall);
      const port = ops.evtchnBindInterdomain(remoteDomid, remotePort);
      if (port >= 0)
        ops.ledger?.nameChannel(account.name, {domid: ops.domid, port}, {domid: remoteDomid, port: remotePort});
      return port;
    },
    evtchnClose(port) {
      account.add(counted.hypercall);
      return ops.evtchnClose(port);
    },
    evtchnStatus(domid, port) {
      account.add(counted.hypercall);
      return ops.evtchnStatus(domid, port);
    },
  };
  return Object.assign(Object.create(ops) as HypervisorOps, counting);
};
