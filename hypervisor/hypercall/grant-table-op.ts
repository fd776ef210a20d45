import * as abi from '../abi/grant-table.ts';
import {sizeOf} from '../abi/layout.ts';
import {EFAULT, EINVAL, ENOSYS, ERESTART} from '../errno.ts';
import {DOMID_SELF, type Gfn} from '../ids.ts';
import {PAGE_SHIFT} from '../memory/index.ts';
import {command, type Command, type Hypercall, runCommand} from './hypercall.ts';

const table: Readonly<Record<number, Command>> = {
  [abi.GNTTABOP_setup_table]: command(abi.gnttab_setup_table, ({xen, domain, guest}, arg) => {
    const {dom, nr_frames, frame_list} = arg;
    const status = xen.grants.setupTable(domain, dom, nr_frames);
    if (status === abi.GNTST_okay && dom === DOMID_SELF) {
      const frames = Uint32Array.from(domain.grants.offsets.slice(0, nr_frames), (offset) => offset >>> PAGE_SHIFT);
      if (!guest.writeWords(frame_list, frames)) return -EFAULT;
    }
    return {result: 0, out: {status}};
  }),
  [abi.GNTTABOP_transfer]: command(abi.gnttab_transfer, ({xen, domain}, {mfn, domid, ref}) => ({
    result: 0,
    out: {status: xen.grants.transfer(domain, mfn as Gfn, domid, ref)},
  })),
  [abi.GNTTABOP_copy]: command(abi.gnttab_copy, ({xen, domain}, arg) => ({
    result: 0,
    out: {
      status: xen.grants.copy(
        domain,
        arg['source.domid'],
        arg['source.u.ref'],
        arg['source.offset'],
        arg['dest.domid'],
        arg['dest.u.ref'],
        arg['dest.offset'],
        arg.len,
        arg.flags,
      ),
    },
  })),
  [abi.GNTTABOP_query_size]: command(abi.gnttab_query_size, ({xen, domain}, {dom}) => {
    const {status, nrFrames, maxNrFrames} = xen.grants.querySize(domain, dom);
    return {result: 0, out: {status, nr_frames: nrFrames, max_nr_frames: maxNrFrames}};
  }),
  [abi.GNTTABOP_set_version]: command(abi.gnttab_set_version, ({xen, domain}, {version}) => ({
    result: xen.grants.setVersion(domain, version),
    out: {version: domain.grants.version},
  })),
  [abi.GNTTABOP_get_version]: command(abi.gnttab_get_version, ({xen, domain}, {dom}) => {
    const version = xen.grants.getVersion(domain, dom);
    return version < 0 ? version : {result: 0, out: {version}};
  }),
  [abi.GNTTABOP_get_status_frames]: command(abi.gnttab_get_status_frames, ({xen, domain, guest}, arg) => {
    const {dom, nr_frames, frame_list} = arg;
    const frames = xen.grants.statusFrames(domain, dom, nr_frames);
    if (typeof frames === 'number') return {result: 0, out: {status: frames}};
    const words = Uint32Array.from(frames.flatMap((offset) => [offset >>> PAGE_SHIFT, 0]));
    if (!guest.writeWords(frame_list, words)) return -EFAULT;
    return {result: 0, out: {status: abi.GNTST_okay}};
  }),
  [abi.GNTTABOP_swap_grant_ref]: command(abi.gnttab_swap_grant_ref, ({xen, domain}, {ref_a, ref_b}) => ({
    result: 0,
    out: {status: xen.grants.swapRefs(domain, ref_a, ref_b)},
  })),
};

/** A guest's frames cannot be remapped to another's: mapping is for dom0, whose memory we own. @see grant_table.h */
export const grantTableOp: Hypercall = (caller, args) => {
  const [cmd, address, count] = args;
  const found = table[cmd];
  if (found === undefined) return -ENOSYS;
  if (count < 0) return -EINVAL;
  const stride = sizeOf(found.struct, caller.guest.abi);
  for (let i = 0; i < count; i++) {
    const result = runCommand(caller, found, address + i * stride);
    if (result < 0) return result;
    if (caller.vcpu.preempt() && i + 1 < count) {
      args[1] = address + (i + 1) * stride;
      args[2] = count - (i + 1);
      return -ERESTART;
    }
  }
  return 0;
};
