import {tap} from 'rxjs';
import type {HypervisorOps} from '../ops.ts';
import type {Account, AccountName} from './ledger.ts';
import {counted} from './primitives.ts';

/** Operations that Xen flushes TLBs once for, when they come by one hypercall. @see Xen's GNTTAB_UNMAP_BATCH_SIZE */
const UNMAPS_PER_FLUSH = 32;

/** What the driver of that device gets: the same operations, counted where a ledger is kept. */
export const opsOfDevice = (ops: HypervisorOps, name: AccountName): HypervisorOps =>
  ops.ledger === null ? ops : meteredOps(ops, ops.ledger.account(name));

/** Operations that count what they cost, and are otherwise those of `ops`. */
const meteredOps = (ops: HypervisorOps, account: Account): HypervisorOps => {
  account.isMetered = true;
  /** Ports whose events are counted: each once, however many listen. */
  const heard = new Set<number>();
  const hypercall = (): void => account.add(counted.hypercall);
  const onUpcall = (): void => {
    account.add(counted.upcall);
    account.endBatch();
  };
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
        hypercall();
        account.add(counted.grantMap, count);
      }
      return ops.gnttabMapMany(granter, refs, flags, handles, offsets, at, count);
    },
    gnttabUnmapMany(handles, at, count) {
      if (count > 0) {
        hypercall();
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
      hypercall();
      return ops.evtchnAllocUnbound(remoteDomid);
    },
    evtchnBindInterdomain(remoteDomid, remotePort) {
      hypercall();
      ops.ledger?.namePort(account, remoteDomid, remotePort);
      return ops.evtchnBindInterdomain(remoteDomid, remotePort);
    },
    evtchnSend(port) {
      hypercall();
      account.add(counted.evtchnSend);
      return ops.evtchnSend(port);
    },
    evtchnClose(port) {
      heard.delete(port);
      hypercall();
      return ops.evtchnClose(port);
    },
    evtchnStatus(domid, port) {
      hypercall();
      return ops.evtchnStatus(domid, port);
    },
    events(port) {
      if (heard.has(port)) return ops.events(port);
      heard.add(port);
      return ops.events(port).pipe(tap(onUpcall));
    },
  };
  return Object.assign(Object.create(ops) as HypervisorOps, counting);
};
