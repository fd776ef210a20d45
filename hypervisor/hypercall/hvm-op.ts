import * as abi from '../abi/hvm/hvm-op.ts';
import {HVM_NR_PARAMS} from '../abi/hvm/params.ts';
import {EINVAL, ENOENT, ESRCH} from '../errno.ts';
import {DOMID_SELF} from '../ids.ts';
import {command, commands} from './hypercall.ts';

/** Vectors below are the CPU's exceptions. */
const FIRST_VECTOR = 16;

/** @see hvm/hvm_op.h */
export const hvmOp = commands({
  [abi.HVMOP_set_param]: command(abi.xen_hvm_param, ({domain}, {domid, index, value}) => {
    if (domid !== DOMID_SELF && domid !== domain.id) return -ESRCH;
    if (index >= HVM_NR_PARAMS) return -EINVAL;
    domain.hvmParams.set(index, value);
    return 0;
  }),
  [abi.HVMOP_get_param]: command(abi.xen_hvm_param, ({domain}, {domid, index}) => {
    if (domid !== DOMID_SELF && domid !== domain.id) return -ESRCH;
    if (index >= HVM_NR_PARAMS) return -EINVAL;
    return {result: 0, out: {value: domain.hvmParams.get(index) ?? 0}};
  }),
  [abi.HVMOP_set_evtchn_upcall_vector]: command(abi.xen_hvm_evtchn_upcall_vector, (caller, {vcpu, vector}) => {
    if (vcpu !== caller.vcpu.index) return -ENOENT;
    if (vector < FIRST_VECTOR) return -EINVAL;
    caller.vcpu.setUpcallVector(vector);
    return 0;
  }),
});
